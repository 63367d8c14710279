"""Describe a function in the form of GetFunction."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from iris_model.local.configuration.settings import FunctionSettings

_PYTHON = re.compile(r"python(3\.\d+)")


def describe_configuration(settings: FunctionSettings) -> dict[str, Any]:
    """Return the FunctionConfiguration. The state is always Active, because the function can be invoked at once."""
    image = settings.sandbox.image
    if image is None:
        size, digest, modified = _measure(settings.directory)
        code: dict[str, Any] = {"PackageType": "Zip", "Runtime": _runtime(settings), "Handler": settings.handler}
    else:
        size, digest, modified = 0, hashlib.sha256(image.reference.encode()).digest(), 0.0
        code = {"PackageType": "Image"}
    return {
        "FunctionName": settings.name,
        "FunctionArn": settings.arn,
        **code,
        "Role": f"arn:aws:iam::{settings.account_id}:role/local",
        "CodeSize": size,
        "Description": "Served by the local Lambda of iris-model",
        "Timeout": math.ceil(settings.timeout_seconds),
        "MemorySize": settings.memory_mib,
        "LastModified": _format_time(modified),
        "CodeSha256": base64.b64encode(digest).decode(),
        "Version": "$LATEST",
        "Environment": {"Variables": dict(settings.environment)},
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": str(uuid.UUID(bytes=digest[:16])),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Architectures": [settings.architecture],
        "EphemeralStorage": {"Size": settings.sandbox.tmp_mib},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": _describe_logging(settings),
    }


def describe_code(settings: FunctionSettings) -> dict[str, Any]:
    """Return the location of the code."""
    if settings.sandbox.image is not None:
        return {"RepositoryType": "ECR", "ImageUri": settings.sandbox.image.reference}
    return {"RepositoryType": "local", "Location": settings.directory.as_uri()}


def _describe_logging(settings: FunctionSettings) -> dict[str, Any]:
    """Return the logging configuration. Levels exist only in JSON format, as in Lambda."""
    logging = {"LogFormat": settings.log_format, "LogGroup": settings.log_group}
    if settings.log_format == "JSON":
        logging |= {"ApplicationLogLevel": settings.log_level or "INFO", "SystemLogLevel": settings.system_log_level}
    return logging


def _runtime(settings: FunctionSettings) -> str:
    match = _PYTHON.search(Path(settings.python).resolve().name)
    return f"python{match[1]}" if match else "provided.al2023"


def _measure(directory: Path) -> tuple[int, bytes, float]:
    """Return the size of all files, a digest of their names, sizes and times, and the newest time."""
    digest, size, newest = hashlib.sha256(), 0, 0.0
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        status = path.stat()
        size += status.st_size
        newest = max(newest, status.st_mtime)
        digest.update(f"{path.relative_to(directory)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return size, digest.digest(), newest


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

"""The provenance statement of an image: its inputs and the tool that built it, in in-toto and SLSA form.

https://in-toto.io/Statement/v1 with https://slsa.dev/provenance/v1. It contains no times or hosts, so that the same
build gives the same statement; `started` adds the time. It is not signed, so it does not prove who built the image.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import iris_model
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.function_file import read_function_file
from iris_model.image.build import BuiltImage
from iris_model.image.lock import LOCK_FILE
from iris_model.project.dependencies.requirements import REQUIREMENTS_FILE

MEDIA_TYPE = "application/vnd.in-toto+json"
BUILD_TYPE = "urn:iris-model:build:1"


def render_provenance(built: BuiltImage, *, started: str = "") -> bytes:
    """Return the statement. `started` is an RFC 3339 time."""
    settings = built.settings
    details: dict[str, Any] = {
        "builder": {"id": f"pkg:pypi/iris-model@{iris_model.__version__}"},
    }
    if started:
        details["metadata"] = {"startedOn": started}
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": settings.name, "digest": {"sha256": built.image.digest.hex}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "base": settings.base_image,
                    "architecture": settings.architecture,
                    "format": built.image.family.name,
                },
                "internalParameters": {
                    "python": str(settings.python),
                    "executor": built.packaged.executor,
                    "bytecode": (built.packaged.directory / "iris_model" / "__init__.pyc").exists(),
                },
                "resolvedDependencies": _dependencies(built),
            },
            "runDetails": details,
        },
    }
    return (json.dumps(statement, indent=2, ensure_ascii=False) + "\n").encode()


def _dependencies(built: BuiltImage) -> list[dict[str, Any]]:
    base: dict[str, Any] = {"name": "base image", "digest": {"sha256": built.base.image.digest.hex}}
    if built.base.reference is not None:
        base["uri"] = f"docker://{built.base.reference}"
    found = [base]
    directory = built.settings.directory
    names = [SETTINGS_FILE, built.settings.model, REQUIREMENTS_FILE, LOCK_FILE, *built.settings.include]
    if built.settings.data:
        names.append(built.settings.data)
    described = read_function_file(built.packaged.directory)["files"]
    names += [name for name in built.packaged.own_files if name in described and (directory / name).is_file()]
    for name in sorted(set(names)):
        if (directory / name).is_file():
            digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
            found.append({"name": name, "digest": {"sha256": digest}})
    for wheel in built.packages:
        found.append(
            {
                "uri": f"pkg:pypi/{wheel.name}@{wheel.version}",
                "name": wheel.file,
                "digest": {"sha256": wheel.sha256},
            }
        )
    return found

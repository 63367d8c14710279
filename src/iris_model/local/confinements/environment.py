"""The environment of a sandbox: its variables and its command.

The process gets the variables of the cloud, and none of the user's shell: no credentials, no PYTHONPATH, no HOME with
caches. Otherwise a function might work only on this machine.
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import iris_model
from iris_model.contract.architecture import Architecture
from iris_model.contract.native_function import BOOTSTRAP_FILE
from iris_model.local.configuration.settings import FunctionSettings

# The paths of the interpreter's shared libraries: a Python built with --enable-shared may need them to start.
_NEEDED_TO_START_PYTHON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def build_environment(
    settings: FunctionSettings, *, runtime_api: str, log_stream: str, task_root: str, initialization_type: str
) -> dict[str, str]:
    """Return all variables of the sandbox. `task_root` is the function directory as the sandbox sees it."""
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    defaults = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # As in the cloud, where it is not writable. It usually does not exist here either.
        "HOME": "/home/sbx_user1051",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    kept = {name: os.environ[name] for name in _NEEDED_TO_START_PYTHON if name in os.environ}
    reserved = {
        "_HANDLER": settings.handler,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory_mib),
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": settings.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    if settings.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    if settings.log_level:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = settings.log_level
    return defaults | kept | dict(settings.environment) | reserved


def build_command(settings: FunctionSettings) -> list[str]:
    """Return the command line of the sandbox. Its working directory is the function directory.

    It has -B: the task root is read-only in the cloud, so no bytecode may be written here.
    """
    python = shutil.which(settings.python) or settings.python
    if settings.runtime == "awslambdaric":
        return [python, "-B", "-m", "awslambdaric", settings.handler]
    native = find_native(settings.directory)
    if native is not None:
        return [str(native), settings.handler]
    entry = settings.directory / "iris_model" / "runtime" / "__main__.py"
    if not entry.is_file():  # a Lambda function directory without our runtime: use the installed one
        entry = Path(iris_model.__file__).parent / "runtime" / "__main__.py"
    return [python, "-B", "-S", str(entry), settings.handler]


def find_native(directory: Path) -> Path | None:
    """Return the executable that answers for a native function here, or None if the function is in Python.

    It is the function's own, or the installed one if the function is for another architecture than this machine.
    """
    own = directory / BOOTSTRAP_FILE
    if not own.is_file():
        return None
    installed = Path(iris_model.__file__).parent / "engine" / f"_bootstrap-{Architecture.named(platform.machine())}"
    return installed if installed.is_file() and _machine_of(installed) != _machine_of(own) else own


def _machine_of(executable: Path) -> bytes:
    """Return the field e_machine of an ELF file."""
    with executable.open("rb") as file:
        return file.read(20)[18:]

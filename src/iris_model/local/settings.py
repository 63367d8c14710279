"""What the local Lambda must know of a function: settings in, nothing started.

`read_function_directory` takes them from `function.json`, which `iris-model package` wrote; a caller may override any of
them. Every problem of the settings is reported at once, before a port is opened or a process started.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iris_model.errors import LocalError
from iris_model.local.http_settings import HttpSettings, find_http_problems, find_route_problem, read_http_settings
from iris_model.local.page_sources import PageSources
from iris_model.local.reload_plan import ReloadPlan
from iris_model.local.sandbox_settings import SandboxSettings, find_sandbox_problems

FUNCTION_FORMAT = "iris-model-function/1"
RUNTIMES = ("iris_model", "awslambdaric")
LOG_FORMATS = ("Text", "JSON")
LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
# The four credential variables are reserved in the cloud, where the role provides them. There is no role here, so a
# function that calls AWS may be given its credentials as ordinary environment settings.
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
ENVIRONMENT_BYTES = 4096

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


@dataclass(frozen=True)
class FunctionSettings:
    """One function, as the local Lambda runs it. The defaults are Lambda's own."""

    name: str
    directory: Path
    handler: str
    memory_mib: int = 128
    timeout_seconds: float = 3.0
    environment: Mapping[str, str] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    route: str = "/"
    stage: str = "$default"
    python: str = sys.executable
    runtime: str = "iris_model"
    log_format: str = "Text"
    log_level: str = ""
    """The application log level; empty is the runtime's own."""
    system_log_level: str = "INFO"
    old_failure_lines: bool = False
    region: str = "us-east-1"
    account_id: str = "012345678912"  # nobody's; the emulator uses it too
    architecture: str = "x86_64"
    http: HttpSettings = field(default_factory=HttpSettings)
    init_timeout_seconds: float = 10.0
    idle_timeout_seconds: float = 300.0
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)
    reload: ReloadPlan | None = field(default=None, compare=False)
    page: PageSources = field(default_factory=PageSources)

    @property
    def arn(self) -> str:
        """The unqualified ARN."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.name}"

    @property
    def log_group(self) -> str:
        """The CloudWatch log group the function would write to."""
        return f"/aws/lambda/{self.name}"


def read_function_directory(path: str | Path, **overrides: Any) -> FunctionSettings:
    """Read `function.json` of a function directory; an override of None means "as the file says"."""
    directory = Path(path).resolve()
    remedy = "Name a directory that `iris-model package` wrote."
    if not directory.is_dir():
        raise LocalError(f"{path} is not a directory; expected a function directory.", remedy=remedy)
    manifest_path = directory / "function.json"
    try:
        manifest = json.loads(manifest_path.read_bytes())
    except FileNotFoundError:
        raise LocalError(f"{path} holds no function.json, so it is not a function directory.", remedy=remedy) from None
    except (OSError, ValueError) as error:
        raise LocalError(
            f"{manifest_path} cannot be read ({error}); expected JSON.", remedy="Package the function again."
        ) from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FUNCTION_FORMAT:
        raise LocalError(
            f"{manifest_path} has the format {found!r}; expected {FUNCTION_FORMAT!r}.",
            remedy="Package the function again with this version of iris-model.",
        )
    keys = {
        "name": "name",
        "handler": "handler",
        "memory": "memory_mib",
        "timeout": "timeout_seconds",
        "environment": "environment",
        "route": "route",
        "stage": "stage",
        "architecture": "architecture",
        "reserved_concurrency": "reserved_concurrency",
        "log_format": "log_format",
    }
    values: dict[str, Any] = {setting: manifest[key] for key, setting in keys.items() if key in manifest}
    try:
        values["http"] = read_http_settings(manifest.get("http"))
    except ValueError as problem:
        raise LocalError(f"{manifest_path}: {problem}.", remedy="Package the function again.") from None
    values |= {setting: value for setting, value in overrides.items() if value is not None}
    missing = [key for key in ("name", "handler") if key not in values]
    if missing:
        raise LocalError(
            f"{manifest_path} lacks {' and '.join(map(repr, missing))}; every function has both.",
            remedy="Package the function again.",
        )
    settings = FunctionSettings(directory=directory, **values)
    check_settings(settings)
    return settings


def check_settings(settings: FunctionSettings) -> None:
    """Raise one `LocalError` that lists everything wrong with the settings."""
    problems = find_problems(settings)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise LocalError(
            f"function {settings.name!r} cannot run here:\n{lines}",
            remedy="Mend the settings (iris-model.toml or the command line) and start again.",
        )


def find_problems(settings: FunctionSettings) -> list[str]:
    """All that is wrong with the settings, one sentence each. The limits are Lambda's."""
    problems = []
    if not isinstance(settings.name, str) or not _NAME.fullmatch(settings.name):
        problems.append(f"name is {settings.name!r}; expected up to 64 letters, digits, hyphens, underscores")
    is_image = settings.sandbox.image is not None  # which brings its own files, handler and Python
    if not is_image and not settings.directory.is_dir():
        problems.append(f"directory {settings.directory} does not exist")
    if not is_image and (not isinstance(settings.handler, str) or not settings.handler):
        problems.append(f"handler is {settings.handler!r}; expected module.function, as in app.handler")
    if not _is_number(settings.memory_mib, int) or not 128 <= settings.memory_mib <= 10_240:
        problems.append(f"memory is {settings.memory_mib!r}; expected a whole number from 128 to 10240 (MB)")
    if not _is_number(settings.timeout_seconds, int, float) or not 0 < settings.timeout_seconds <= 900:
        problems.append(f"timeout is {settings.timeout_seconds!r}; expected at most 900 seconds")
    if settings.reserved_concurrency is not None and (
        not _is_number(settings.reserved_concurrency, int) or settings.reserved_concurrency < 0
    ):
        problems.append(f"reserved concurrency is {settings.reserved_concurrency!r}; expected 0 or more")
    if problem := find_route_problem(settings.route):
        problems.append(problem)
    if not isinstance(settings.stage, str) or not re.fullmatch(r"\$default|[A-Za-z0-9_-]{1,128}", settings.stage):
        problems.append(f"stage is {settings.stage!r}; expected $default, or letters, digits, hyphens, underscores")
    problems += find_http_problems(settings.http)
    if settings.runtime not in RUNTIMES:
        problems.append(f"runtime is {settings.runtime!r}; expected one of {', '.join(RUNTIMES)}")
    if settings.log_format not in LOG_FORMATS:
        problems.append(f"log format is {settings.log_format!r}; expected one of {', '.join(LOG_FORMATS)}")
    if settings.log_level and settings.log_level not in LOG_LEVELS:
        problems.append(f"log level is {settings.log_level!r}; expected one of {', '.join(LOG_LEVELS)}")
    if settings.system_log_level not in SYSTEM_LOG_LEVELS:
        problems.append(
            f"system log level is {settings.system_log_level!r}; expected one of {', '.join(SYSTEM_LOG_LEVELS)}"
        )
    if not is_image and shutil.which(settings.python) is None:
        problems.append(f"python is {settings.python!r}; no such program can be started here")
    problems += find_sandbox_problems(settings.sandbox, settings.reserved_concurrency)
    return problems + _find_environment_problems(settings.environment)


def _find_environment_problems(environment: Mapping[str, str]) -> list[str]:
    if not isinstance(environment, Mapping):
        return [f"environment is {environment!r}; expected names with text values"]
    problems = []
    for name, value in environment.items():
        if name in RESERVED_VARIABLES:
            problems.append(f"environment variable {name} is reserved: Lambda sets it")
        elif not _VARIABLE.fullmatch(name):
            problems.append(f"environment variable {name!r}: expected a letter, then letters, digits, underscores")
        elif not isinstance(value, str):
            problems.append(f"environment variable {name} is {value!r}; expected text")
    size = sum(len(str(name).encode()) + len(str(value).encode()) for name, value in environment.items())
    if size > ENVIRONMENT_BYTES:
        problems.append(f"the environment variables take {size} bytes; Lambda allows {ENVIRONMENT_BYTES}")
    return problems


def _is_number(value: object, *types: type) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)

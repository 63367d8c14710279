"""The settings of a function for the local Lambda.

`read_function_directory` reads them from `function.json`, which `iris-model package` wrote; a caller may override each
setting. All problems are reported at once, before a port is opened or a process is started.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iris_model.contract.function_file import FUNCTION_FILE, FUNCTION_FORMAT, OtherFormat, read_function_file
from iris_model.contract.lambda_limits import (
    LEAST_MEMORY,
    MOST_ENVIRONMENT_BYTES,
    MOST_MEMORY,
    MOST_TIMEOUT,
    PLATFORM_VARIABLES,
)
from iris_model.errors import LocalError
from iris_model.local.configuration.http_settings import (
    HttpSettings,
    find_http_problems,
    find_route_problem,
    read_http_settings,
)
from iris_model.local.configuration.page_sources import PageSources
from iris_model.local.configuration.sandbox_settings import SandboxSettings, find_sandbox_problems

RUNTIMES = ("iris_model", "awslambdaric")
LOG_FORMATS = ("Text", "JSON")
LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")


@dataclass(frozen=True)
class FunctionSettings:
    """One function, as the local Lambda runs it. The defaults are Lambda's."""

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
    """The application log level; empty for the runtime's default."""
    system_log_level: str = "INFO"
    old_failure_lines: bool = False
    region: str = "us-east-1"
    account_id: str = "012345678912"  # not a real account; the emulator uses it too
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
        """The CloudWatch log group of the function."""
        return f"/aws/lambda/{self.name}"


@dataclass(frozen=True)
class ReloadPlan:
    """What a reload needs: the paths to watch, and a function that creates settings from the current sources."""

    sources: tuple[Path, ...]
    rebuild: Callable[[], FunctionSettings]


def read_function_directory(path: str | Path, **overrides: Any) -> FunctionSettings:
    """Read `function.json` of a function directory. An override of None keeps the value of the file."""
    directory = Path(path).resolve()
    remedy = "Pass a directory that `iris-model package` wrote."
    if not directory.is_dir():
        raise LocalError(f"{path} is not a directory; expected a function directory", remedy=remedy)
    manifest_path = directory / FUNCTION_FILE
    try:
        manifest = read_function_file(directory)
    except FileNotFoundError:
        raise LocalError(f"{path} is not a function directory: it has no {FUNCTION_FILE}", remedy=remedy) from None
    except OtherFormat as other:
        raise LocalError(
            f"{manifest_path} has the format {other.found!r}; expected {FUNCTION_FORMAT!r}",
            remedy="Run `iris-model package` again with this version.",
        ) from None
    except (OSError, ValueError) as error:
        raise LocalError(
            f"{manifest_path} cannot be read ({error}); expected JSON", remedy="Run `iris-model package` again."
        ) from None
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
        "system_log_level": "system_log_level",
    }
    document: Mapping[str, object] = manifest
    values: dict[str, Any] = {setting: document[key] for key, setting in keys.items() if key in document}
    try:
        values["http"] = read_http_settings(manifest.get("http"))
    except ValueError as problem:
        raise LocalError(f"{manifest_path}: {problem}", remedy="Run `iris-model package` again.") from None
    values |= {setting: value for setting, value in overrides.items() if value is not None}
    missing = [key for key in ("name", "handler") if key not in values]
    if missing:
        raise LocalError(
            f"{manifest_path} lacks {' and '.join(map(repr, missing))}; it needs both",
            remedy="Run `iris-model package` again.",
        )
    settings = FunctionSettings(directory=directory, **values)
    check_settings(settings)
    return settings


def check_settings(settings: FunctionSettings) -> None:
    """Raise one `LocalError` that lists all problems of the settings."""
    problems = find_problems(settings)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise LocalError(
            f"function {settings.name!r} cannot run here:\n{lines}",
            remedy="Fix the settings in iris-model.toml or on the command line, and start again.",
        )


def find_problems(settings: FunctionSettings) -> list[str]:
    """Return all problems of the settings, one sentence each. The limits are Lambda's."""
    # `project` has checked iris-model.toml with the same limits. They are checked here again, because most settings do
    # not come from there: users may edit function.json, the command line overrides it, programs can create settings.
    problems = []
    if not isinstance(settings.name, str) or not _NAME.fullmatch(settings.name):
        problems.append(f"name is {settings.name!r}; expected up to 64 letters, digits, hyphens, underscores")
    is_image = settings.sandbox.image is not None  # which has its own files, handler and Python
    if not is_image and not settings.directory.is_dir():
        problems.append(f"directory {settings.directory} does not exist")
    if not is_image and (not isinstance(settings.handler, str) or not settings.handler):
        problems.append(f"handler is {settings.handler!r}; expected module.function, such as app.handler")
    if not _is_number(settings.memory_mib, int) or not LEAST_MEMORY <= settings.memory_mib <= MOST_MEMORY:
        problems.append(f"memory is {settings.memory_mib!r}; expected a whole number from 128 to 10240 (MB)")
    if not _is_number(settings.timeout_seconds, int, float) or not 0 < settings.timeout_seconds <= MOST_TIMEOUT:
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
        problems.append(f"python is {settings.python!r}; this program cannot be started")
    problems += find_sandbox_problems(settings.sandbox, settings.reserved_concurrency)
    return problems + _find_environment_problems(settings.environment)


def _find_environment_problems(environment: Mapping[str, str]) -> list[str]:
    if not isinstance(environment, Mapping):
        return [f"environment is {environment!r}; expected names with string values"]
    problems = []
    for name, value in environment.items():
        if name in PLATFORM_VARIABLES:
            problems.append(f"environment variable {name} is reserved: Lambda sets it")
        elif not _VARIABLE.fullmatch(name):
            problems.append(f"environment variable {name!r}: expected a letter, then letters, digits, underscores")
        elif not isinstance(value, str):
            problems.append(f"environment variable {name} is {value!r}; expected a string")
    size = sum(len(str(name).encode()) + len(str(value).encode()) for name, value in environment.items())
    if size > MOST_ENVIRONMENT_BYTES:
        problems.append(f"the environment variables take {size} bytes; Lambda allows {MOST_ENVIRONMENT_BYTES}")
    return problems


def _is_number(value: object, *types: type) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)

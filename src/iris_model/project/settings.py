"""`iris-model.toml` in, `ProjectSettings` out; every problem of the file in one error."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iris_model.errors import ProjectError
from iris_model.project.deployment import Deployment, HttpSettings, find_conflicts, take_deployment, take_http_settings
from iris_model.project.keys import KEYS
from iris_model.project.nearest import say_unknown
from iris_model.project.stages import STAGES, apply_stage, find_stage_problems

MLFLOW_DESCRIPTION = "MLmodel"
SETTINGS_FILE = "iris-model.toml"

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: what the platform sets, a user cannot.
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
ENVIRONMENT_LIMIT_BYTES = 4096

# What nobody types by accident: an access key of AWS, a token of GitHub, a private key.
_SECRET = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----")


@dataclass(frozen=True)
class Budgets:
    """Limits that the user sets for himself; None is no limit."""

    function_directory_kib: int | None = None
    image_layers_kib: int | None = None
    image_mib: int | None = None


@dataclass(frozen=True)
class PlaygroundSettings:
    """What the page of `serve` draws; nothing of it is packaged."""

    data: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class ProjectSettings:
    """The settings of one project, defaults filled in. `directory` is where `iris-model.toml` lies."""

    directory: Path
    name: str
    model: str
    handler: str
    executor: str
    kernels: str
    memory: int
    timeout: int
    architecture: str
    base_image: str
    python: str | None
    route: str
    stage: str
    data: str | None
    trust: tuple[str, ...]
    include: tuple[str, ...]
    environment: Mapping[str, str]
    http: HttpSettings
    deployment: Deployment
    budgets: Budgets = field(default_factory=Budgets)
    playground: PlaygroundSettings = field(default_factory=PlaygroundSettings)

    @property
    def model_path(self) -> Path:
        """Where the trained model lies."""
        return self.directory / self.model

    @property
    def model_files(self) -> dict[str, Path]:
        """What is read of the model, by kind: its file, and MLflow's description of it, if that lies beside it."""
        description = self.model_path.with_name(MLFLOW_DESCRIPTION)
        return {"model": self.model_path, **({"description": description} if description.is_file() else {})}

    @property
    def data_path(self) -> Path | None:
        """Where the sample rows lie, if there are any."""
        return self.directory / self.data if self.data else None


def read_settings(directory: Path, stage: str | None = None) -> ProjectSettings:
    """Read the `iris-model.toml` of a project directory, as it is for one stage if one is named."""
    path = directory / SETTINGS_FILE
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectError(
            f"{directory} is not a project: expected the file {SETTINGS_FILE} in it",
            remedy="Go to the project, name its directory, or make one: iris-model init DIR --model MODEL",
        ) from None
    except UnicodeDecodeError as error:
        raise ProjectError(
            f"{path}: byte {error.start} is not UTF-8, and TOML is always UTF-8", remedy="Save the file as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{path} is not TOML: {error}", remedy="https://toml.io shows the format.") from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}") from None
    return parse_settings(document, directory, stage)


def parse_settings(document: Mapping[str, Any], directory: Path, stage: str | None = None) -> ProjectSettings:
    """Check a parsed `iris-model.toml` against the table of keys; all problems come in one error."""
    problems = _find_unknown_keys(document) + find_stage_problems(document)
    values: dict[str, dict[str, Any]] = {}
    if not problems:
        # A mistake in another stage is told as well: nobody wants to find it on the day that stage is deployed.
        for other in (None, *document.get(STAGES, {})):
            other_values, other_problems = _read_values(apply_stage(document, other))
            prefix = f"[{STAGES}.{other}] " if other else ""
            problems += [f"{prefix}{found}" for found in other_problems if found not in problems]
            values = other_values if other == stage else values
    else:
        problems += _read_values({name: value for name, value in document.items() if name != STAGES})[1]
    if problems:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        listing = "\n".join(f"  - {problem}" for problem in problems)
        raise ProjectError(
            f"{directory / SETTINGS_FILE} has {count}:\n{listing}",
            remedy="Every key is described in docs/reference/iris-model-toml.md",
        )
    if not values:
        apply_stage(document, stage)  # says which stages there are
    top = values[""]
    top["route"] = top["route"] or f"/{top['name']}"
    taken = {name: top[name] for name in _TOP_FIELDS}
    return ProjectSettings(
        directory=directory,
        **{**taken, "environment": MappingProxyType(dict(top["environment"]))},
        http=take_http_settings(values),
        deployment=take_deployment(values, document["name"]),
        budgets=Budgets(**values["budgets"]),
        playground=PlaygroundSettings(**values["playground"]),
    )


_TOP_FIELDS = (
    "name", "model", "handler", "executor", "kernels", "memory", "timeout", "architecture", "base_image", "python", "route",
    "stage", "data", "trust", "include", "environment",
)  # fmt: skip


def _read_values(document: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the value of every key by section and field, defaults filled in, and what is wrong with them."""
    problems = []
    values: dict[str, dict[str, Any]] = {"": {}, **{key.section: {} for key in KEYS}}
    for key in KEYS:
        section = document.get(key.section) if key.section else document
        values[key.section][key.field] = key.default
        if not isinstance(section, Mapping) or key.name not in section:
            if key.required:
                problems.append(f"{key.path} is missing: expected {key.expectation}")
            continue
        value = section[key.name]
        if problem := key.find_problem(value):
            problems.append(problem)
        else:
            values[key.section][key.field] = tuple(value) if key.kind == "texts" else value
    top = values[""]
    problems += _find_environment_problems(top["environment"], top["secrets"])
    return values, problems + find_conflicts(values)


def _find_unknown_keys(document: Mapping[str, Any]) -> list[str]:
    sections = {key.section for key in KEYS if key.section}
    problems = []
    for name, value in document.items():
        if name == STAGES:
            continue
        if name in sections:
            if not isinstance(value, Mapping):
                problems.append(f"{name}: expected a table, [{name}]")
                continue
            known = [key.name for key in KEYS if key.section == name]
            problems += [say_unknown(f"{name}.{inner}", inner, known) for inner in value if inner not in known]
        elif name not in (known := [key.name for key in KEYS if not key.section]):
            problems.append(say_unknown(name, name, [*known, *sorted(sections), STAGES]))
    return problems


def _find_environment_problems(environment: Mapping[str, str], secrets: Mapping[str, str]) -> list[str]:
    problems = [
        f"environment.{name}: Lambda sets this variable itself" for name in environment if name in RESERVED_VARIABLES
    ]
    problems += [f"secrets.{name}: Lambda sets this variable itself" for name in secrets if name in RESERVED_VARIABLES]
    problems += [
        f"environment.{name} looks like a secret, and this file is no place for one: name it in [secrets]"
        for name, value in environment.items()
        if _SECRET.search(value)
    ]
    size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
    if size > ENVIRONMENT_LIMIT_BYTES:
        problems.append(f"environment has {size} bytes: Lambda takes at most {ENVIRONMENT_LIMIT_BYTES} together")
    return problems

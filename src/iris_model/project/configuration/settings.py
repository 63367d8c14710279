"""Read `iris-model.toml` into `ProjectSettings`. One error lists every problem of the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iris_model.contract import documentation
from iris_model.contract.deployment import Capture, Deployment
from iris_model.contract.endpoint import Endpoint
from iris_model.contract.event_source import EVENTS_VARIABLE, describe_events
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.lambda_limits import MOST_ENVIRONMENT_BYTES, RESERVED_VARIABLES
from iris_model.errors import ProjectError
from iris_model.project.configuration.deployment import (
    find_conflicts,
    take_deployment,
)
from iris_model.project.configuration.events import EVENTS, find_event_conflicts, read_events
from iris_model.project.configuration.keys import KEYS
from iris_model.project.configuration.nearest import say_unknown
from iris_model.project.configuration.stages import STAGES, apply_stage, find_stage_problems

MLFLOW_DESCRIPTION = "MLmodel"

# The first byte of an ONNX model: the tag of its first field. No pickle and no booster starts with it.
ONNX_START = b"\x08"
# The prefix of the keys of weight files in `model_files`.
WEIGHTS = "weights "

# Tables whose keys depend on each other.
_PAIRED = ("vpc", "domain", "jwt", "batch")

# Patterns of secrets: an AWS access key, a GitHub token, a private key.
_SECRET = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----")


@dataclass(frozen=True)
class Budgets:
    """Size limits of the user; None means no limit."""

    function_directory_kib: int | None = None
    image_layers_kib: int | None = None
    image_mib: int | None = None


@dataclass(frozen=True)
class PlaygroundSettings:
    """The settings for the page of `serve`. They are not packaged."""

    data: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class ProjectSettings:
    """The settings of one project, with defaults. `directory` contains `iris-model.toml`."""

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
    categories: Mapping[str, Sequence[str | int]]
    trust: tuple[str, ...]
    include: tuple[str, ...]
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    answer_labels: bool
    deployment: Deployment
    budgets: Budgets = field(default_factory=Budgets)
    playground: PlaygroundSettings = field(default_factory=PlaygroundSettings)
    has_events: bool = False
    """Whether the project or one of its stages has `[events]` or `[batch]`: all stages share one image."""
    runtime: str = "auto"

    @property
    def endpoint(self) -> Endpoint:
        """The HTTPS endpoint."""
        return self.deployment.endpoint

    @property
    def model_path(self) -> Path:
        """Path of the trained model."""
        return self.directory / self.model

    @property
    def model_files(self) -> dict[str, Path]:
        """The files of the model by kind: model file, weights of an ONNX model by name, MLflow's description."""
        description = self.model_path.with_name(MLFLOW_DESCRIPTION)
        return {
            "model": self.model_path,
            **({"description": description} if description.is_file() else {}),
            **{f"{WEIGHTS}{name}": path for name, path in self.weight_files.items()},
        }

    @property
    def weight_files(self) -> dict[str, Path]:
        """The existing weight files of an ONNX model, by the names in the model."""
        try:
            with self.model_path.open("rb") as file:
                if file.read(1) != ONNX_START:
                    return {}
        except OSError:
            return {}
        from iris_model.compiler import find_external_files

        found = {name: self.model_path.parent / name for name in find_external_files(self.model_path)}
        return {name: path for name, path in found.items() if path.is_file()}

    @property
    def data_path(self) -> Path | None:
        """Path of the sample rows, or None."""
        return self.directory / self.data if self.data else None


def read_settings(directory: Path, stage: str | None = None) -> ProjectSettings:
    """Read the `iris-model.toml` of a project directory, for `stage` if given. Raises ProjectError."""
    path = directory / SETTINGS_FILE
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectError(
            f"{directory} is not a project: it has no {SETTINGS_FILE}",
            remedy="Pass the directory of a project, or create one with `iris-model init DIR --model MODEL`.",
        ) from None
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path}: byte {error.start} is not UTF-8", remedy="Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(f"{path} is not TOML: {error}", remedy="See https://toml.io for the format.") from None
    except OSError as error:
        raise ProjectError(f"{path} cannot be read: {error.strerror}") from None
    return parse_settings(document, directory, stage)


def parse_settings(document: Mapping[str, Any], directory: Path, stage: str | None = None) -> ProjectSettings:
    """Check a parsed `iris-model.toml` against the table of keys. Raises one ProjectError with all problems."""
    problems = _find_unknown_keys(document) + find_stage_problems(document)
    values: dict[str, dict[str, Any]] = {}
    if not problems:
        # Mistakes in other stages are reported too, before these stages are deployed.
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
            remedy=f"See {documentation.SETTINGS} for every key.",
        )
    if not values:
        apply_stage(document, stage)  # raises an error with the existing stages
    top = values[""]
    top["route"] = top["route"] or f"/{top['name']}"
    taken = {name: top[name] for name in _TOP_FIELDS}
    return ProjectSettings(
        directory=directory,
        **{**taken, **{name: MappingProxyType(dict(top[name])) for name in ("environment", "labels")}},
        deployment=take_deployment(values, document["name"]),
        budgets=Budgets(**values["budgets"]),
        playground=PlaygroundSettings(**values["playground"]),
        has_events=any(
            each.get(EVENTS) or each.get("batch") for each in (document, *document.get(STAGES, {}).values())
        ),
    )


_TOP_FIELDS = (
    "name", "model", "handler", "executor", "kernels", "runtime", "memory", "timeout", "architecture", "base_image", "python",
    "route", "stage", "data", "categories", "trust", "include", "environment", "labels", "answer_labels",
)  # fmt: skip


def _read_values(document: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the value of every key by section and field, with defaults, and the problems."""
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
            if key.section in _PAIRED and isinstance(value, (str, list)):
                # The value is wrong but present, so it is not also reported as missing.
                values[key.section][key.field] = value
        else:
            values[key.section][key.field] = tuple(value) if key.kind == "texts" else value
    top = values[""]
    of_events = describe_events(read_events(document)[0].values())
    own = {**Capture(**values["capture"]).variables, **of_events}
    problems += _find_environment_problems(top["environment"], top["secrets"], own)
    problems += _find_references(values)
    sources, problems_of_events = read_events(document)
    values[EVENTS] = dict(sources)
    if not problems_of_events:
        problems_of_events = list(find_event_conflicts(sources, top))
    return values, problems + problems_of_events + find_conflicts(values)


def _find_unknown_keys(document: Mapping[str, Any]) -> list[str]:
    sections = {key.section for key in KEYS if key.section}
    problems = []
    for name, value in document.items():
        if name in (STAGES, EVENTS):
            continue
        if name in sections:
            if not isinstance(value, Mapping):
                problems.append(f"{name}: expected a table, [{name}]")
                continue
            known = [key.name for key in KEYS if key.section == name]
            problems += [say_unknown(f"{name}.{inner}", inner, known) for inner in value if inner not in known]
        elif name not in (known := [key.name for key in KEYS if not key.section]):
            problems.append(say_unknown(name, name, [*known, *sorted(sections), EVENTS, STAGES]))
    return problems


def _find_environment_problems(
    environment: Mapping[str, str], secrets: Mapping[str, str], own: Mapping[str, str]
) -> list[str]:
    problems = [
        f"environment.{name}: Lambda sets this variable itself" for name in environment if name in RESERVED_VARIABLES
    ]
    problems += [f"secrets.{name}: Lambda sets this variable itself" for name in secrets if name in RESERVED_VARIABLES]
    problems += [
        f"environment.{name} looks like a secret; do not write secrets into this file, use [secrets]"
        for name, value in environment.items()
        if _SECRET.search(value)
    ]
    problems += [
        f"environment.{name}: a variable cannot contain the character NUL"
        for name, value in environment.items()
        if "\0" in value
    ]
    problems += [
        f"{'environment' if name in environment else 'secrets'}.{name}: {_table_of(name)} sets this variable"
        for name in own
        if name in environment or name in secrets
    ]
    size = sum(len(name.encode()) + len(value.encode()) for name, value in {**environment, **own}.items())
    if size > MOST_ENVIRONMENT_BYTES:
        tables = " and ".join(sorted({_table_of(name) for name in own}))
        with_tables = f", with {tables}" if own else ""
        problems.append(
            f"environment has {size} bytes{with_tables}; Lambda accepts at most {MOST_ENVIRONMENT_BYTES} in total"
        )
    return problems


def _table_of(variable: str) -> str:
    return "[events]" if variable == EVENTS_VARIABLE else "[capture]"


def _find_references(values: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return problems of values that CloudFormation would replace. Only `secrets` may contain references."""
    problems = []
    for key in (key for key in KEYS if key.staged):  # other keys are not in the template
        value = values[key.section][key.field]
        texts = {key.path: value} if isinstance(value, str) else {}
        if key.kind == "texts":
            texts = {key.path: " ".join(value)}
        elif key.kind == "table":
            texts = {f"{key.path}.{name}": each for name, each in value.items()}
        problems += [
            f"{path}: CloudFormation would replace {{{{resolve:...}}}} by another value; use [secrets]"
            for path, text in texts.items()
            if "{{resolve:" in text
        ]
    return problems

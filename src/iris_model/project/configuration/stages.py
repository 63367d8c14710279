"""`[stages.NAME]`: apply the keys of a stage to the document.

A stage has its own function, stack and path, and shares model, handler and repository with the others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.errors import ProjectError
from iris_model.project.configuration.events import EVENTS
from iris_model.project.configuration.key import show_value
from iris_model.project.configuration.keys import KEYS
from iris_model.project.configuration.nearest import name_nearest, say_unknown

STAGES = "stages"

# The stage name becomes part of the function's name and of the path.
_STAGE_NAME = r"[A-Za-z0-9-]{1,32}"


def find_stage_problems(document: Mapping[str, Any]) -> list[str]:
    """Return problems of stage names and keys. Values are checked when a stage is read."""
    stages = document.get(STAGES, {})
    if not isinstance(stages, Mapping):
        return [f"{STAGES}: expected tables, [{STAGES}.NAME]"]
    problems = []
    for name, overrides in stages.items():
        path = f"{STAGES}.{name}"
        if not re.fullmatch(_STAGE_NAME, name):
            problems.append(f"[{path}]: expected a name of 1 to 32 letters, digits or hyphens")
        elif not isinstance(overrides, Mapping):
            problems.append(f"{path} = {show_value(overrides)}: expected a table, [{path}]")
        else:
            problems += _find_unknown(path, overrides)
    return problems


def apply_stage(document: Mapping[str, Any], stage: str | None) -> dict[str, Any]:
    """Override the keys of the project with those of one stage."""
    project = {name: value for name, value in document.items() if name != STAGES}
    if stage is None:
        return project
    stages = document.get(STAGES, {})
    if stage not in stages:
        raise _unknown_stage(stage, list(stages))
    merged = {**project, "stage": stage}
    if isinstance(project.get("name"), str):
        merged["name"] = f"{project['name']}-{stage}"
        merged.setdefault("route", f"/{project['name']}")
    for name in ("stack", "domain", EVENTS):
        # Two stages cannot share one. A message of a queue would go to only one of two functions.
        merged.pop(name, None)
    for name, value in stages[stage].items():
        inherited = merged.get(name)
        # Tables such as environment, tags and [cors] are merged. An empty table removes the project's table.
        if value and isinstance(value, Mapping) and isinstance(inherited, Mapping):
            merged[name] = {**inherited, **value}
        else:
            merged[name] = value
    return merged


def list_stages(project: Path) -> list[str]:
    """Return the names of all stages of a project whose settings were read before."""
    return list(tomllib.loads((project / SETTINGS_FILE).read_text(encoding="utf-8")).get(STAGES, {}))


def _find_unknown(path: str, overrides: Mapping[str, Any]) -> list[str]:
    sections = {key.section for key in KEYS if key.section and key.staged}
    problems = []
    for name, value in overrides.items():
        if name == EVENTS:
            continue  # checked with its values
        if name in sections:
            known = [key.name for key in KEYS if key.section == name and key.staged]
            if not isinstance(value, Mapping):
                problems.append(f"{path}.{name}: expected a table, [{path}.{name}]")
                continue
            problems += [say_unknown(f"{path}.{name}.{inner}", inner, known) for inner in value if inner not in known]
            continue
        known = [key.name for key in KEYS if not key.section and key.staged]
        if name in known:
            continue
        if any(name == key.name for key in KEYS if not key.section):
            problems.append(f"{path}.{name}: {name} cannot differ between stages, because they share one image")
        else:
            problems.append(say_unknown(f"{path}.{name}", name, [*known, *sorted(sections), EVENTS]))
    return problems


def _unknown_stage(stage: str, known: list[str]) -> ProjectError:
    if not known:
        return ProjectError(
            f"iris-model.toml has no stage {stage}, and no other stages",
            remedy=f"Add a table [{STAGES}.{stage}] to iris-model.toml.",
        )
    nearest = name_nearest(stage, known)
    hint = f"did you mean {nearest}?" if nearest else f"available: {', '.join(known)}"
    return ProjectError(
        f"iris-model.toml has no stage {stage}: {hint}", remedy=f"Available stages: {', '.join(known)}."
    )

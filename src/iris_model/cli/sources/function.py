"""Convert a project or a function directory to the settings of a local function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.cli.verbosity import echo_note
from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.native_function import BOOTSTRAP_FILE
from iris_model.errors import ProjectError
from iris_model.project import SETTINGS_FILE, package_project, read_settings

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.local import FunctionSettings, PageSources
    from iris_model.project import ProjectSettings

EVENTS_DIRECTORY = "events"
# Values of --runtime that run the handler in Python, whatever the project selects.
_IN_PYTHON = ("python", "awslambdaric")


def find_function(directory: Path, on_step: OnStep, **overrides: Any) -> FunctionSettings:
    """Package `directory` if it is a project. Use it unchanged if it is a function directory or `handler` is given."""
    if (directory / SETTINGS_FILE).exists():
        settings = read_settings(directory)
        if overrides.get("runtime") in _IN_PYTHON:
            settings = replace(settings, runtime="python")
        packaged = package_project(directory, settings=settings, on_step=on_step)
        if packaged.runtime_reason and not packaged.unchanged:
            echo_note(f"Runtime {packaged.settings.runtime}: {packaged.runtime_reason}.")
        for note in packaged.notes if not packaged.unchanged else ():
            echo_note(f"{note}.")
        overrides["page"] = _page_sources(packaged.settings)
        directory = packaged.directory
    elif (image := _image_of(overrides)) is not None and not (directory / FUNCTION_FILE).exists():
        on_step("Starting")
        return _image_function(image, overrides)
    elif not (directory / FUNCTION_FILE).exists():
        if overrides.get("handler") and directory.is_dir():
            if overrides.get("runtime") == "python":
                overrides["runtime"] = "iris_model"
            return _describe_folder(directory, overrides)
        if not directory.exists():
            raise ProjectError(
                f"there is no {directory}",
                remedy="Correct the path, or create a project with `iris-model init DIR`.",
            )
        raise ProjectError(
            f"{directory} is neither a project nor a function directory: it has no {SETTINGS_FILE} and no {FUNCTION_FILE}",
            remedy="Pass the directory of a project, or create one with `iris-model init DIR`. Use --handler "
            "MODULE.FUNCTION for any other Lambda function.",
        )
    if overrides.get("runtime") == "python":
        if (directory / BOOTSTRAP_FILE).exists():
            raise ProjectError(
                f"{directory} has the native runtime, without Python",
                remedy="Pass the project, which --runtime python packages for Python.",
            )
        overrides["runtime"] = "iris_model"
    on_step("Starting")
    from iris_model.cli.sources.api_document import describe_for_page
    from iris_model.cli.sources.page_model import open_page_model
    from iris_model.local import PageSources, read_function_directory

    overrides.setdefault("page", PageSources(open_model=open_page_model, describe_api=describe_for_page))

    return read_function_directory(directory, **overrides)


def _image_of(overrides: Mapping[str, Any]) -> str | None:
    sandbox = overrides.get("sandbox")
    return None if sandbox is None or sandbox.image is None else str(sandbox.image.reference)


def _image_function(reference: str, overrides: Mapping[str, Any]) -> FunctionSettings:
    """Return settings for any Lambda image. The function is named after its repository."""
    from iris_model.local import FunctionSettings

    repository = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    name = re.sub(r"[^A-Za-z0-9_-]", "-", repository)[:64]
    chosen = {key: value for key, value in overrides.items() if value is not None}
    return FunctionSettings(**{"name": name, "directory": Path.cwd(), "handler": "", "route": f"/{name}", **chosen})


def _describe_folder(directory: Path, overrides: dict[str, Any]) -> FunctionSettings:
    """Return settings for a folder without settings: the defaults of Lambda, and a route named after the folder."""
    from iris_model.local import FunctionSettings, PageSources

    values = {setting: value for setting, value in overrides.items() if value is not None}
    # A folder name may contain characters that a function name may not.
    values.setdefault("name", re.sub(r"[^A-Za-z0-9_-]", "-", directory.resolve().name)[:64] or "function")
    values["page"] = PageSources(events=directory.resolve() / EVENTS_DIRECTORY)
    return FunctionSettings(directory=directory.resolve(), route=f"/{values['name']}", stage="default", **values)


def _page_sources(settings: ProjectSettings) -> PageSources:
    """Return what the page shows of the project: test events and training data."""
    from iris_model.cli.sources.api_document import describe_for_page
    from iris_model.cli.sources.page_model import open_page_model
    from iris_model.local import PageSources

    data = settings.playground.data or settings.data
    rows = settings.data_path.resolve() if settings.data_path else None
    return PageSources(
        events=settings.directory.resolve() / EVENTS_DIRECTORY,
        data=settings.directory.resolve() / data if data else None,
        target=settings.playground.target,
        open_model=lambda function_directory: open_page_model(function_directory, rows),
        describe_api=describe_for_page,
    )

"""`iris-model events`: test events, shared with the Lambda console."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import click

from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.sources.payloads import EVENTS_DIRECTORY, parse_strictly
from iris_model.cli.terminal import echo
from iris_model.errors import ProjectError


@click.command()
@click.argument("action", type=click.Choice(["push", "pull", "list"]))
@project_argument
@stage_option
@aws_options
@click.option("--force", is_flag=True, help="Replace events that differ.")
@json_option
def events(
    action: str,
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Share test events with the Lambda console.

    push copies the project's events/*.json to the console, pull copies the console's events to the project, and list
    shows the console's events. They are the shareable test events of the console, visible to every user of the
    account.

    \b
    Example:
      iris-model events push
      iris-model events pull --force
    """
    settings, deployment = read_deployment(project, stage)
    _, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.console_events import read_events, write_events

    directory = project / EVENTS_DIRECTORY
    if action == "push":
        names = list(write_events(aws, deployment.function, read_files(directory), replace=force))
    else:
        found = read_events(aws, deployment.function)
        names = write_files(directory, found, force=force) if action == "pull" else sorted(found)
    if as_json:
        echo_json({"action": action, "events": names})
        return
    for name in names:
        echo(name)
    if not names:
        echo("No events." if action == "list" else "Nothing to change.", err=True)


def read_files(directory: Path) -> dict[str, Any]:
    """Read the events of a project by name."""
    found = {}
    for path in sorted(directory.glob("*.json")):
        try:
            found[path.stem] = parse_strictly(path.read_bytes())
        except ValueError as error:
            raise ProjectError(f"{path} is not JSON: {error}", remedy="Fix the file, or remove it.") from None
        except OSError as error:
            raise ProjectError(
                f"{path} cannot be read: {error.strerror}", remedy="Fix the permissions, or remove the file."
            ) from None
    if not found:
        raise ProjectError(
            f"{directory} has no test events; expected files NAME.json",
            remedy=f"Create {directory / 'NAME.json'} with a JSON event in it.",
        )
    return found


def write_files(directory: Path, events: dict[str, Any], *, force: bool) -> list[str]:
    """Write events as files; returns the names of those that are new or changed."""
    for name in events:
        # The console allows any event name, but the file must be inside the directory.
        if "/" in name or name.startswith(".") or not name:
            raise ProjectError(f"the event {name!r} cannot be written as a file", remedy="Rename it in the console.")
    there = {path.stem: path for path in directory.glob("*.json") if path.stem in events}
    different = [name for name, path in there.items() if not _holds(path, events[name])]
    if different and not force:
        raise ProjectError(
            f"{directory} has different events with the names {', '.join(sorted(different))}",
            remedy="Use --force to replace these files, or `iris-model events push --force` to replace those in the console.",
        )
    changed = sorted(name for name in events if name not in there or name in different)
    for name in changed:
        text = json.dumps(events[name], indent=2, ensure_ascii=False) + "\n"
        _write(directory / f"{name}.json", text)
    return changed


def _write(path: Path, text: str) -> None:
    """Write atomically, because the existing file may be the only copy."""
    from iris_model.project.disk import write_replacing

    with contextlib.suppress(OSError):  # the error of the write operation names the file
        path.parent.mkdir(exist_ok=True)
    write_replacing(path, text.encode())


def _holds(path: Path, event: Any) -> bool:
    try:
        return bool(json.loads(path.read_bytes()) == event)
    except (OSError, ValueError):
        return False

"""`iris-model events`: test events, shared with the Lambda console."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import click

from iris_model.cli.deployment import aws_options, connect, project_argument, read_deployment, stage_option
from iris_model.cli.output import echo_json, json_option
from iris_model.cli.payloads import EVENTS_DIRECTORY, parse_strictly
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

    push brings the project's events/*.json there, pull brings those of the console here, list names those of the console. They
    are the console's shareable test events, which everybody of the account sees.

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
        click.echo(name)
    if not names:
        click.echo("There are no events." if action == "list" else "There is nothing to change.", err=True)


def read_files(directory: Path) -> dict[str, Any]:
    """Read the events of a project by name."""
    found = {}
    for path in sorted(directory.glob("*.json")):
        try:
            found[path.stem] = parse_strictly(path.read_bytes())
        except ValueError as error:
            raise ProjectError(f"{path} is no JSON: {error}", remedy="Mend it, or take it away.") from None
        except OSError as error:
            raise ProjectError(
                f"{path} cannot be read: {error.strerror}", remedy="Mend that, or take it away."
            ) from None
    if not found:
        raise ProjectError(f"{directory} has no test events: expected NAME.json there", remedy="Write one.")
    return found


def write_files(directory: Path, events: dict[str, Any], *, force: bool) -> list[str]:
    """Write events as files; returns the names of those that are new or changed."""
    for name in events:
        # A name of the console may be anything; a file must stay in the directory.
        if "/" in name or name.startswith(".") or not name:
            raise ProjectError(f"the event {name!r} cannot be a file", remedy="Give it another name in the console.")
    there = {path.stem: path for path in directory.glob("*.json") if path.stem in events}
    different = [name for name, path in there.items() if not _holds(path, events[name])]
    if different and not force:
        raise ProjectError(
            f"{directory} has other events with the names {', '.join(sorted(different))}",
            remedy="Replace these files with what the console has: --force; or bring them there: iris-model events push --force",
        )
    changed = sorted(name for name in events if name not in there or name in different)
    for name in changed:
        text = json.dumps(events[name], indent=2, ensure_ascii=False) + "\n"
        _write(directory / f"{name}.json", text)
    return changed


def _write(path: Path, text: str) -> None:
    """Write whole or not at all: what is there may be the only copy."""
    draft = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise ProjectError(
            f"{path} cannot be written: {error.strerror}",
            remedy="Look at the rights and the space there, then run it again.",
        ) from None


def _holds(path: Path, event: Any) -> bool:
    try:
        return bool(json.loads(path.read_bytes()) == event)
    except (OSError, ValueError):
        return False

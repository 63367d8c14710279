"""`iris-model rollback`: switch back to an earlier version."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.deployment import aws_options, connect, read_deployment, stage_option
from iris_model.cli.sources.payloads import read_payload
from iris_model.cli.terminal import echo


@click.command()
@click.argument("arguments", nargs=-1, metavar="[PROJECT] [VERSION]")
@click.option("--project", "named", type=click.Path(path_type=Path), help="Project directory. Overrides PROJECT.")
@click.option(
    "--payload", default="{}", metavar="JSON", help="Payload to test the version with before it gets requests."
)
@stage_option
@aws_options
@json_option
def rollback(
    arguments: tuple[str, ...],
    named: Path | None,
    payload: str,
    stage: str | None,
    profile: str | None,
    region: str | None,
    as_json: bool,
) -> None:
    """Switch back to an earlier version.

    PROJECT defaults to the current directory. If you pass only a number, it is VERSION. VERSION defaults to the
    version that answered before. If that is unknown, it is the next lower version. During a canary, it is the old
    version. With --payload, the version is tested with this payload first, and gets no requests if it fails.

    \b
    Example:
      iris-model rollback my-iris
      iris-model rollback 4 --stage prod --payload '[5.1, 3.5, 1.4, 0.2]'
    """
    project, version = split_arguments(arguments, named)
    settings, deployment = read_deployment(project, stage)
    tried = read_payload(payload, lambda: b"") if payload != "{}" else None
    with progress() as on_step:
        _, aws = connect(profile, region or settings.deployment.region)
        from iris_model.aws.deploying.rollback import roll_back

        done = roll_back(aws, deployment, version, tried, on_step)
    if as_json:
        echo_json(vars(done))
        return
    before = f"the canary of version {done.canary} is over" if done.canary else f"before it was {done.before}"
    echo(f"{deployment.function}: version {done.now} answers, {before}.")
    kind = "Archive" if deployment.is_zip else "Image"
    echo(f"{kind} {done.image.rpartition('@')[2]}. The next deploy replaces it with the current project.")


def split_arguments(arguments: tuple[str, ...], named: Path | None) -> tuple[Path, str | None]:
    """Distinguish project and version: a single argument is a version if it is a number and not a directory."""
    rest = list(arguments)
    is_version = bool(rest) and (len(rest) > 1 or named is not None or _is_number(rest[0]))
    version = rest.pop() if is_version else None
    if named is None and rest:
        named = Path(rest.pop(0))
    if rest:
        raise click.UsageError(f"{' '.join(arguments)}: expected PROJECT and VERSION, each at most once")
    return named or Path(), version


def _is_number(argument: str) -> bool:
    return argument.isdecimal() and not Path(argument).is_dir()

"""`iris-model rollback`: an earlier version answers again."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.deployment import aws_options, connect, read_deployment, stage_option
from iris_model.cli.output import echo_json, json_option, progress
from iris_model.cli.payloads import read_payload


@click.command()
@click.argument("arguments", nargs=-1, metavar="[PROJECT] [VERSION]")
@click.option("--project", "named", type=click.Path(path_type=Path), help="The project, in place of PROJECT.")
@click.option("--payload", default="{}", metavar="JSON", help="What the version is tried with before it answers.")
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
    """Let an earlier version answer again, at once.

    PROJECT is by default this directory. Without VERSION it is the one that answered before; where nobody knows, the next lower
    one; and during a canary the one that answers the others. With --payload it is invoked first; a version that fails does not
    get the alias.

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
        from iris_model.aws.rollback import roll_back

        done = roll_back(aws, deployment, version, tried, on_step)
    if as_json:
        echo_json(vars(done))
        return
    before = f"the canary of version {done.canary} is over" if done.canary else f"before it was {done.before}"
    click.echo(f"{deployment.function}: version {done.now} answers, {before}.")
    click.echo(f"Image {done.image.rpartition('@')[2]}; the next deploy moves on to what is here.")


def split_arguments(arguments: tuple[str, ...], named: Path | None) -> tuple[Path, str | None]:
    """Tell project and version apart: a lone argument is a version if it is a number, and no directory of that name is there."""
    rest = list(arguments)
    is_version = bool(rest) and (len(rest) > 1 or named is not None or _is_number(rest[0]))
    version = rest.pop() if is_version else None
    if named is None and rest:
        named = Path(rest.pop(0))
    if rest:
        raise click.UsageError(f"{' '.join(arguments)}: expected PROJECT and VERSION, each once.")
    return named or Path(), version


def _is_number(argument: str) -> bool:
    return argument.isdecimal() and not Path(argument).is_dir()

"""`iris-model logs`: show the log of the deployed function."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.terminal import echo, echo_log, to_json

if TYPE_CHECKING:
    from iris_model.cost import Measurement

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType):  # type: ignore[type-arg]
    """A time span: `90s`, `10m`, `2h`, `1d`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+)([smhd])", str(value))
        if found is None:
            self.fail(f"{value} is not a time span; expected a number and s, m, h or d, such as 10m", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


@click.command()
@project_argument
@stage_option
@aws_options
@click.option(
    "--since",
    type=Duration(),
    default="10m",
    show_default=True,
    metavar="SPAN",
    help="Time span, such as 90s, 10m, 2h or 7d.",
)
@click.option("--follow", "-f", is_flag=True, help="Print new lines until Ctrl-C.")
@click.option("--filter", "pattern", metavar="PATTERN", default="", help="Filter pattern of CloudWatch Logs.")
@json_option
def logs(
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    since: int,
    follow: bool,
    pattern: str,
    as_json: bool,
) -> None:
    """Show the log of the deployed function, and summarize it.

    \b
    Example:
      iris-model logs --since 2h
      iris-model logs --stage prod --follow
    """
    settings, deployment = read_deployment(project, stage)
    _, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.measuring.logs import follow_log, is_report, read_log
    from iris_model.cost import read_reports, summarize_reports

    begin = int((time.time() - since) * 1000)
    if follow:
        for line in follow_log(aws, deployment, begin, pattern):
            # One JSON object per line, because a followed log does not end.
            echo_log(to_json(vars(line)) if as_json else line.text)
        return
    lines = list(read_log(aws, deployment, begin, pattern))
    reports = read_reports(line.text for line in lines if is_report(line.text))
    summary = summarize_reports(reports) if reports else None
    if as_json:
        echo_json({"lines": [vars(line) for line in lines], "summary": vars(summary) if summary else None})
        return
    for line in lines:
        echo_log(line.text)
    only_failed = deployment.log_lines == "errors"
    if summary is not None:
        echo(("Failed: " if only_failed else "") + _sum_up(summary), err=True)
    elif only_failed:
        echo(
            'No invocation failed in this time span. With log-lines = "errors", successful ones are not logged.',
            err=True,
        )
    else:
        echo("No invocation in this time span.", err=True)


def _sum_up(found: Measurement) -> str:
    cold = f", cold {found.cold_ms:.0f} ms" if found.cold_ms is not None else ""
    return (
        f"{found.invocations} invocations, {found.cold_starts} cold starts; warm {found.warm_ms:.1f} ms{cold}; "
        f"at most {found.max_memory_mib} of {found.memory_mib} MB"
    )

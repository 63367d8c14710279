"""`iris-model cost`: what the endpoint costs in a month, and what else it could cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from iris_model.cli.command_with_others import CommandWithOthers
from iris_model.cli.cost_refresh import refresh
from iris_model.cli.deployment import aws_options, project_argument, stage_option
from iris_model.cli.logs import Duration
from iris_model.cli.output import echo_json, json_option
from iris_model.cli.pictures import PicturePath, write_picture


@click.command(cls=CommandWithOthers)
@project_argument
@click.option(
    "--requests-per-day",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="[default: 500; with --remote, those in the log if it has a day]",
)
@click.option(
    "--pattern",
    metavar="NAME|FILE",
    help="steady, office-hours, bursts, observed (with --remote), or a JSON file with the requests of 24 or 168 hours.  "
    "[default: office-hours; with --remote, observed if the log has a day]",
)
@click.option(
    "--from-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the REPORT lines of a log instead of measuring.",
)
@click.option("--remote", is_flag=True, help="Take the REPORT lines of the deployed function, from CloudWatch Logs.")
@click.option(
    "--since", type=Duration(), default="7d", show_default=True, metavar="SPAN", help="With --remote: how far back."
)
@stage_option
@aws_options
@click.option(
    "--endpoint",
    type=click.Choice(["function-url", "http-api"]),
    help="[default: http-api; with --remote, what is deployed]",
)
@click.option(
    "--architecture",
    type=click.Choice(["x86_64", "arm64"]),
    help="[default: x86_64; with --remote, what is deployed]",
)
@click.option(
    "--original/--no-original",
    default=None,
    help="Measure the same model on the original executor beside it.  [default: where the project is measured here]",
)
@click.option("--free-tier/--no-free-tier", default=False, show_default=True, help="Count Lambda's monthly free tier.")
@click.option("--image-gb", type=float, metavar="GB", help="Size of the image in ECR, to count its storage.")
@click.option("--prices", type=click.Path(path_type=Path), metavar="FILE", help="Prices in place of ours.")
@click.option("--show-prices", is_flag=True, help="Print the price file and end.")
@click.option("--plot", type=PicturePath(), metavar="FILE.svg|png", help="Draw cost over requests a day.")
@json_option
def cost(
    project: Path,
    requests_per_day: float | None,
    pattern: str | None,
    from_log: Path | None,
    remote: bool,
    since: int,
    stage: str | None,
    profile: str | None,
    region: str | None,
    endpoint: str | None,
    architecture: str | None,
    original: bool | None,
    free_tier: bool,
    image_gb: float | None,
    prices: Path | None,
    show_prices: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimate the monthly cost, against servers that wait.

    PROJECT is measured in the local Lambda: init, duration, memory. Or the REPORT lines of a log are taken, of `serve` or of
    CloudWatch; with --remote those of the deployed function, and its traffic. Times that traffic, times the prices, for
    Lambda and for what could stand in its place: servers, and the same model with its original library in the function.

    \b
    Example:
      iris-model cost . --requests-per-day 2000 --pattern office-hours
      iris-model cost --from-log serve.log --requests-per-day 100000 --plot cost.svg
      iris-model cost --remote --stage prod --since 14d
    """
    from iris_model import cost as costs
    from iris_model.cli import cost_original, cost_sources
    from iris_model.cli.cost_json import cost_document
    from iris_model.cli.cost_picture import draw_cost
    from iris_model.cli.cost_text import print_table
    from iris_model.cost.prices import read_price_file

    if show_prices:
        click.echo(read_price_file(prices), nl=False)
        return
    if remote and from_log is not None:
        raise click.UsageError("--from-log and --remote are two sources of REPORT lines: give one of them.")
    price_list = costs.read_prices(prices)
    cost_sources.check_pattern(pattern, remote=remote)
    if remote:
        source = cost_sources.read_deployed(project, stage, profile, region, since)
    elif from_log is not None:
        source = cost_sources.read_log_file(from_log)
    else:
        source = cost_sources.measure_here(project)
    beside = cost_original.measure_beside(project, source.measurement, asked=original, is_measured_here=source.is_here)
    workload = costs.Workload(
        source.requests_per_day(requests_per_day),
        source.traffic(pattern),
        source.measurement,
        price_list,
        free_tier,
        None if image_gb is None else Decimal(str(image_gb)),
        original=beside.original.measurement if beside.original else None,
        original_image_gb=beside.original_image_gb(image_gb),
    )
    baseline = _baseline(architecture or source.architecture, endpoint or source.endpoint)
    estimates = costs.estimate_all(workload)
    curves = costs.make_curves(workload)
    break_evens = costs.find_break_evens(workload, curves, baseline)
    if plot is not None:
        write_picture(plot, draw_cost(workload, estimates, curves, break_evens, baseline))
    if as_json:
        document = cost_document(workload, estimates, break_evens, baseline, beside)
        if source.observed is not None:
            document["observed"] = cost_sources.observed_document(source.observed, price_list.region)
        echo_json(document)
        return
    if source.observed is not None:
        cost_sources.print_observed(source.observed, workload.sandbox_use.cold_share, price_list.region)
    print_table(workload, estimates, break_evens, baseline, beside)


def _baseline(architecture: str, endpoint: str) -> str:
    from iris_model.cost.estimates import lambda_name

    return lambda_name(architecture, endpoint)


cost.add_command(refresh)

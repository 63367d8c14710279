"""`iris-model cost`: what the endpoint costs in a month, and what else it could cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.deployment import aws_options, project_argument, stage_option
from iris_model.cli.logs import Duration
from iris_model.cli.output import echo_json, json_option

if TYPE_CHECKING:
    from iris_model.cost import BreakEven, Workload

# A picture with every alternative is a picture of none; the table has them all.
PLOTTED = (
    "EC2 t4g.micro",
    "EC2 c7g.medium",
    "Fargate arm64, 0.25 vCPU, 0.5 GB",
    "Fargate x86_64, 1 vCPU, 2 GB",
    "SageMaker ml.m5.large",
    "SageMaker serverless",
)


@click.command()
@project_argument
@click.option(
    "--requests-per-day",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="[default: 500; with --remote, those in the log]",
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
@click.option("--free-tier/--no-free-tier", default=False, show_default=True, help="Count Lambda's monthly free tier.")
@click.option("--image-gb", type=float, metavar="GB", help="Size of the image in ECR, to count its storage.")
@click.option("--prices", type=click.Path(path_type=Path), metavar="FILE", help="Prices in place of ours.")
@click.option("--show-prices", is_flag=True, help="Print the price file and end.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw cost over requests per day.")
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
    Lambda and for what could stand in its place.

    \b
    Example:
      iris-model cost . --requests-per-day 2000 --pattern office-hours
      iris-model cost --from-log serve.log --requests-per-day 100000 --plot cost.svg
      iris-model cost --remote --stage prod --since 14d
    """
    from iris_model import cost as costs
    from iris_model.cli import cost_sources
    from iris_model.cli.cost_json import cost_document
    from iris_model.cli.cost_text import print_table
    from iris_model.cost.prices import read_price_file
    from iris_model.errors import CostError

    if show_prices:
        click.echo(read_price_file(prices), nl=False)
        return
    if plot is not None and plot.suffix != ".svg":
        raise CostError(f"{plot} is no SVG file; expected a name that ends in .svg.", remedy="Any browser shows SVG.")
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
    workload = costs.Workload(
        source.requests_per_day(requests_per_day),
        source.traffic(pattern),
        source.measurement,
        price_list,
        free_tier,
        None if image_gb is None else Decimal(str(image_gb)),
    )
    baseline = _baseline(architecture or source.architecture, endpoint or source.endpoint)
    estimates = costs.estimate_all(workload)
    break_evens = costs.find_break_evens(workload, baseline)
    if plot is not None:
        _write_plot(plot, workload, baseline, break_evens)
    if as_json:
        document = cost_document(workload, estimates, break_evens, baseline)
        if source.observed is not None:
            document["observed"] = cost_sources.observed_document(source.observed)
        echo_json(document)
        return
    if source.observed is not None:
        cost_sources.print_observed(source.observed, workload.sandbox_use.cold_share)
    print_table(workload, estimates, break_evens, baseline)
    if plot is not None:
        click.echo(f"\n{plot} is written.")


def _baseline(architecture: str, endpoint: str) -> str:
    from iris_model.cost.estimates import lambda_name

    return lambda_name(architecture, endpoint)


def _write_plot(path: Path, workload: Workload, baseline: str, break_evens: list[BreakEven]) -> None:
    from iris_model.cost import render_plot
    from iris_model.cost.break_even import make_curves
    from iris_model.errors import CostError

    curves = {curve.name: curve for curve in make_curves(workload)}
    shown = [curves[name] for name in (baseline, f"{baseline}, provisioned", *PLOTTED)]
    title = f"{baseline}, {workload.measurement.memory_mib} MB, {workload.traffic.name}: against what waits"
    text = render_plot(shown, break_evens, title=title, requests_per_day=workload.requests_per_day)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CostError(
            f"{path} cannot be written ({error.strerror}).", remedy="Name a file in a directory of yours."
        ) from None

"""`iris-model cost`: what the endpoint costs in a month, and what else it could cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.output import echo_json, json_option, progress

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
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option(
    "--requests-per-day", type=click.FloatRange(min=0, min_open=True), default=500, show_default=True, metavar="N"
)
@click.option(
    "--pattern",
    default="office-hours",
    show_default=True,
    metavar="NAME|FILE",
    help="steady, office-hours, bursts, or a JSON file with the requests of 24 or 168 hours.",
)
@click.option(
    "--from-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the REPORT lines of a log instead of measuring.",
)
@click.option("--endpoint", type=click.Choice(["function-url", "http-api"]), default="http-api", show_default=True)
@click.option("--architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64", show_default=True)
@click.option("--free-tier/--no-free-tier", default=False, show_default=True, help="Count Lambda's monthly free tier.")
@click.option("--image-gb", type=float, metavar="GB", help="Size of the image in ECR, to count its storage.")
@click.option("--prices", type=click.Path(path_type=Path), metavar="FILE", help="Prices in place of ours.")
@click.option("--show-prices", is_flag=True, help="Print the price file and end.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw cost over requests per day.")
@json_option
def cost(
    project: Path,
    requests_per_day: float,
    pattern: str,
    from_log: Path | None,
    endpoint: str,
    architecture: str,
    free_tier: bool,
    image_gb: float | None,
    prices: Path | None,
    show_prices: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimate the monthly cost, against servers that wait.

    PROJECT is measured in the local Lambda: init, duration, memory. Or the REPORT lines of a log are taken, of `serve` or of
    CloudWatch. Times that traffic, times the prices, for Lambda and for what could stand in its place.

    \b
    Example:
      iris-model cost . --requests-per-day 2000 --pattern office-hours
      iris-model cost --from-log serve.log --requests-per-day 100000 --plot cost.svg
    """
    from iris_model import cost as costs
    from iris_model.cli.cost_json import cost_document
    from iris_model.cli.cost_text import print_table
    from iris_model.cost.prices import read_price_file
    from iris_model.errors import CostError

    if show_prices:
        click.echo(read_price_file(prices), nl=False)
        return
    if plot is not None and plot.suffix != ".svg":
        raise CostError(f"{plot} is no SVG file; expected a name that ends in .svg.", remedy="Any browser shows SVG.")
    price_list, traffic = costs.read_prices(prices), costs.read_traffic(pattern)
    measurement = costs.summarize_reports(_read_log(from_log) if from_log is not None else _measure(project))
    workload = costs.Workload(
        requests_per_day,
        traffic,
        measurement,
        price_list,
        free_tier,
        None if image_gb is None else Decimal(str(image_gb)),
    )
    baseline = _baseline(architecture, endpoint)
    estimates = costs.estimate_all(workload)
    break_evens = costs.find_break_evens(workload, baseline)
    if plot is not None:
        _write_plot(plot, workload, baseline, break_evens)
    if as_json:
        echo_json(cost_document(workload, estimates, break_evens, baseline))
        return
    print_table(workload, estimates, break_evens, baseline)
    if plot is not None:
        click.echo(f"\n{plot} is written.")


def _baseline(architecture: str, endpoint: str) -> str:
    from iris_model.cost.estimates import lambda_name

    return lambda_name(architecture, endpoint)


def _read_log(path: Path) -> list[Any]:
    from iris_model.cost import read_reports
    from iris_model.errors import CostError

    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return list(read_reports(lines))
    except OSError as error:
        raise CostError(f"{path} cannot be read ({error.strerror}).", remedy="Name a log of the function.") from None


def _measure(project: Path) -> list[Any]:
    from iris_model.cli.function import find_function
    from iris_model.cli.measuring import measure_function

    with progress() as on_step:
        return list(measure_function(find_function(project, on_step), on_step))


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

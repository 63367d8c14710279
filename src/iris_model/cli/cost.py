"""`iris-model cost`: what the endpoint costs in a month, and what else it could cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.output import echo_json, json_option, progress

if TYPE_CHECKING:
    from iris_model.cost import BreakEven, Estimate, Measurement, Workload

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
        echo_json(_as_json(workload, estimates, break_evens, baseline))
        return
    _print_table(workload, estimates, break_evens, baseline)
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


def _print_table(workload: Workload, estimates: list[Estimate], break_evens: list[BreakEven], baseline: str) -> None:
    measured, use = workload.measurement, workload.sandbox_use
    click.echo(
        f"{workload.requests_per_day:,.0f} requests a day, {workload.traffic.name}; {_describe(measured)}\n"
        f"cold starts: {use.cold_share:.1%} of requests; p99 {use.p99_ms:.1f} ms; "
        f"at most {use.peak_concurrency} at once; prices of {workload.prices.region}, US dollars\n"
    )
    cheaper = {each.name: _rate(each.requests_per_day) for each in break_evens} | {baseline: "-"}
    rows = [("per month", "per million", "cheaper from", "alternative")]
    notes = []
    for each in estimates:
        marks = "*" if each.is_weak else ""
        rows.append((_usd(each.monthly), _usd(_per_million(workload, each)), cheaper[each.name], each.name + marks))
        notes += [f"{each.name}: {note}" for note in each.notes]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        click.echo("  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    click.echo(f"\ncheaper from: requests a day from which it costs less than {baseline}, the shape being the same")
    if any(each.is_weak for each in estimates):
        click.echo("* a price from a secondary or undated source; iris-model cost --show-prices names it")
    for note in notes:
        click.echo(f"- {note}")


def _describe(measured: Measurement) -> str:
    text = f"{measured.memory_mib} MB, {measured.warm_ms:.1f} ms warm"
    if measured.cold_ms is not None:
        text += f", {measured.cold_ms:.0f} ms cold"
    return (
        f"{text}, {measured.max_memory_mib} MB used ({measured.invocations} invocations, {measured.cold_starts} cold)"
    )


def _per_million(workload: Workload, estimate: Estimate) -> Decimal | None:
    return None if estimate.monthly is None else estimate.monthly / workload.monthly_requests * 1_000_000


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return "unknown"
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


def _rate(rate: float | None) -> str:
    if rate is None:
        return "never"
    return "always" if rate <= 1 else f"{rate:,.0f}"


def _as_json(
    workload: Workload, estimates: list[Estimate], break_evens: list[BreakEven], baseline: str
) -> dict[str, Any]:
    rates = {each.name: each.requests_per_day for each in break_evens}
    use, measured = workload.sandbox_use, workload.measurement
    return {
        "requests_per_day": workload.requests_per_day,
        "traffic": workload.traffic.name,
        "region": workload.prices.region,
        "currency": "USD",
        "baseline": baseline,
        "measurement": {
            "memory_mib": measured.memory_mib,
            "max_memory_mib": measured.max_memory_mib,
            "warm_ms": measured.warm_ms,
            "warm_p99_ms": measured.warm_p99_ms,
            "cold_ms": measured.cold_ms,
            "invocations": measured.invocations,
            "cold_starts": measured.cold_starts,
        },
        "sandboxes": {"cold_share": use.cold_share, "p99_ms": use.p99_ms, "peak_concurrency": use.peak_concurrency},
        "alternatives": [
            {
                "name": each.name,
                "monthly": _text(each.monthly),
                "per_million": _text(_per_million(workload, each)),
                "cheaper_from_requests_per_day": rates.get(each.name),
                "weak": each.is_weak,
                "notes": list(each.notes),
                "components": [
                    {
                        "name": component.name,
                        "quantity": _text(component.quantity),
                        "unit": component.unit,
                        "monthly": _text(component.monthly),
                    }
                    for component in each.components
                ],
            }
            for each in estimates
        ],
    }


def _text(amount: Decimal | None) -> str | None:
    """Money as text, so that no program takes it for a float."""
    return None if amount is None else f"{amount:.6f}"

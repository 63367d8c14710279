"""`iris-model cost`: estimate the monthly cost of the endpoint and of its alternatives."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.command_with_others import CommandWithOthers
from iris_model.cli.commands.aws.logs import Duration
from iris_model.cli.costs.refresh import refresh
from iris_model.cli.options.architecture import ARCHITECTURES
from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.render.outputs import project_inputs, refuse_overwriting
from iris_model.cli.render.pictures import PicturePath, write_picture
from iris_model.cli.sources.deployment import aws_options, project_argument, stage_option
from iris_model.cli.terminal import echo


@click.command(cls=CommandWithOthers)
@project_argument
@click.option(
    "--requests-per-day",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Requests per day.  [default: 500; with --remote, from the log if it covers a day]",
)
@click.option(
    "--pattern",
    metavar="NAME|FILE",
    help="Traffic pattern: steady, office-hours, bursts, observed (with --remote), or a JSON file with the "
    "requests of each of 24 or 168 hours.  "
    "[default: office-hours; with --remote, observed if the log covers a day]",
)
@click.option(
    "--from-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the REPORT lines of this log instead of measuring.",
)
@click.option("--remote", is_flag=True, help="Read the REPORT lines of the deployed function from CloudWatch Logs.")
@click.option(
    "--since", type=Duration(), default="7d", show_default=True, metavar="SPAN", help="Time span for --remote."
)
@stage_option
@aws_options
@click.option(
    "--endpoint",
    type=click.Choice(["function-url", "http-api"]),
    help="Endpoint to price.  [default: http-api; with --remote, the deployed one]",
)
@click.option(
    "--architecture",
    type=ARCHITECTURES,
    help="Architecture to price.  [default: x86_64; with --remote, the deployed one]",
)
@click.option(
    "--original/--no-original",
    default=None,
    help="Also measure the model with its own library (executor `original`).  "
    "[default: on, if the project is measured on this machine]",
)
@click.option(
    "--free-tier/--no-free-tier",
    default=False,
    show_default=True,
    help="Subtract the monthly free tier of Lambda, CloudWatch and X-Ray.",
)
@click.option(
    "--image-gb",
    type=click.FloatRange(min=0),
    metavar="GB",
    help="Size of the image in ECR, compressed.  [default: from the last build, otherwise 0.2]",
)
@click.option(
    "--payload-kb",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    metavar="KB",
    help="Size of a request and its answer. An HTTP API bills each 512 KB as a request.",
)
@click.option(
    "--prices", type=click.Path(path_type=Path), metavar="FILE", help="Price file. Overrides the built-in prices."
)
@click.option("--show-prices", is_flag=True, help="Print the price file and exit.")
@click.option("--plot", type=PicturePath(), metavar="FILE.svg|png", help="Plot the cost against requests per day.")
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
    payload_kb: float,
    prices: Path | None,
    show_prices: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimate the monthly cost, and compare it with always-on servers.

    The function of PROJECT is measured on this machine. Use --from-log to read the REPORT lines of a log, or --remote
    to read those of the deployed function. The result is multiplied by the traffic and the prices, and compared with
    always-on servers and with the original library on Lambda.

    \b
    Example:
      iris-model cost . --requests-per-day 2000 --pattern office-hours
      iris-model cost --from-log serve.log --requests-per-day 100000 --plot cost.svg
      iris-model cost --remote --stage prod --since 14d
    """
    from iris_model import cost as costs
    from iris_model.cli.costs import original as cost_original
    from iris_model.cli.costs import sources as cost_sources
    from iris_model.cli.costs.document import CostResult, cost_document
    from iris_model.cli.costs.picture import draw_cost
    from iris_model.cli.costs.surroundings import find_surroundings
    from iris_model.cli.costs.text import print_table
    from iris_model.cli.sources.settings import find_settings
    from iris_model.cli.tuning.snapstart_hint import find_hint, find_note
    from iris_model.cost.function_costs import price_snapshots
    from iris_model.cost.prices import read_price_file
    from iris_model.project import SETTINGS_FILE, package_project

    if show_prices:
        click.echo(read_price_file(prices), nl=False)
        return
    if plot is not None:
        refuse_overwriting(plot, [from_log, prices, *project_inputs(project)])
    if remote and from_log is not None:
        raise click.UsageError("--from-log and --remote cannot be used together")
    price_list = costs.read_prices(prices)
    cost_sources.check_pattern(pattern, remote=remote)
    if remote:
        source = cost_sources.read_deployed(project, stage, profile, region, since)
    elif from_log is not None:
        source = cost_sources.read_log_file(from_log)
    else:
        source = cost_sources.measure_here(project)
    # Packaged for the measurement already.
    packaged = package_project(project) if source.is_here and (project / SETTINGS_FILE).exists() else None
    settings = find_settings(project, stage)
    found = find_surroundings(project, settings, image_gb=image_gb, payload_kb=payload_kb)
    beside = cost_original.measure_beside(project, source.measurement, asked=original, is_measured_here=source.is_here)
    executor = beside.measured.executor if beside.measured else None
    workload = costs.Workload(
        source.requests_per_day(requests_per_day),
        source.traffic(pattern),
        source.measurement,
        price_list,
        free_tier,
        found.surroundings,
        original=beside.original.measurement if beside.original else None,
        original_image_gb=beside.original_image_gb(found.surroundings.image_gb),
        library=beside.library,
    )
    hint = find_hint(settings, executor, price=lambda versions: price_snapshots(workload, versions))
    without_snapshot = find_note(settings) if source.is_here else ""
    notes = (*found.notes, *filter(None, [hint, without_snapshot]))
    baseline = _baseline(architecture or source.architecture, endpoint or source.endpoint)
    estimates = costs.estimate_all(workload)
    curves = costs.make_curves(workload)
    break_evens = costs.find_break_evens(workload, curves, baseline)
    if plot is not None:
        write_picture(plot, draw_cost(workload, estimates, curves, break_evens, baseline))
    result = CostResult(workload, estimates, break_evens, baseline, beside, notes)
    if as_json:
        document = cost_document(result)
        document["runtime"] = packaged.settings.runtime if packaged else None
        document["runtime_reason"] = packaged.runtime_reason if packaged else ""
        if source.observed is not None:
            document["observed"] = cost_sources.observed_document(source.observed, price_list.region)
        echo_json(document)
        return
    if source.observed is not None:
        cost_sources.print_observed(source.observed, workload.sandbox_use.cold_share, price_list.region)
    print_table(result)
    if packaged is not None and packaged.runtime_reason:
        echo(f"Runtime {packaged.settings.runtime}: {packaged.runtime_reason}.")


def _baseline(architecture: str, endpoint: str) -> str:
    from iris_model.cost.function_costs import lambda_name

    return lambda_name(architecture, endpoint)


cost.add_command(refresh)

"""`iris-model tune`: measure time and cost at several memory sizes, with the CPU share of Lambda."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.options.architecture import ARCHITECTURES
from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.render.outputs import project_inputs, refuse_overwriting
from iris_model.cli.render.pictures import PicturePath, write_picture
from iris_model.cli.sources.deployment import aws_options, project_argument, stage_option
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note
from iris_model.contract.lambda_limits import LEAST_MEMORY, MOST_MEMORY

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.cost.tuning import TunedSize
    from iris_model.local import FunctionSettings

COLD_STARTS = 3


class SizesType(click.ParamType[tuple[int, ...]]):
    """Memory sizes in MB, separated by commas: `128,256,512`."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return integers from 128 to 10240 in ascending order."""
        if isinstance(value, tuple):
            return value
        try:
            sizes = sorted({int(part) for part in str(value).split(",")})
        except ValueError:
            sizes = []
        if not sizes or sizes[0] < LEAST_MEMORY or sizes[-1] > MOST_MEMORY:
            self.fail(
                f"{value!r}; expected whole numbers from {LEAST_MEMORY} to {MOST_MEMORY}, as in 128,512,1769",
                param,
                ctx,
            )
        return tuple(sizes)


@click.command()
@project_argument
@click.option(
    "--sizes",
    type=SizesType(),
    default="128,256,512,1024,1769,3008",
    show_default=True,
    metavar="MB,MB,...",
    help="Memory sizes to measure.",
)
@click.option(
    "--invocations", type=click.IntRange(min=3), default=60, show_default=True, help="Warm invocations for each size."
)
@click.option("--remote", is_flag=True, help="Measure the deployed function on AWS.")
@stage_option
@aws_options
@click.option(
    "--architecture",
    type=ARCHITECTURES,
    help="Architecture for the prices.  [default: x86_64; with --remote, the deployed one]",
)
@click.option(
    "--prices", type=click.Path(path_type=Path), metavar="FILE", help="Price file. Overrides the built-in prices."
)
@click.option("--plot", type=PicturePath(), metavar="FILE.svg|png", help="Plot time and cost against memory.")
@json_option
def tune(
    project: Path,
    sizes: tuple[int, ...],
    invocations: int,
    remote: bool,
    stage: str | None,
    profile: str | None,
    region: str | None,
    architecture: str | None,
    prices: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Find the most cost-effective memory size.

    A function with more memory gets more CPU: 1,769 MB are one vCPU. The function is measured on this machine at each
    size, limited to the CPU share of that size if possible. Each size is priced by its billed milliseconds.

    With --remote, the deployed function is measured on AWS. Only the memory of $LATEST is changed, never the version
    that answers requests. It is restored at the end, also after Ctrl-C or an error.

    \b
    Example:
      iris-model tune .
      iris-model tune . --sizes 128,512,1769 --plot tune.png
      iris-model tune --remote --stage prod
    """
    from iris_model.cli.tuning import remote as tune_remote
    from iris_model.cli.tuning.snapstart_hint import find_hint, find_note
    from iris_model.cli.tuning.text import print_table, tuning_document
    from iris_model.cost import read_prices
    from iris_model.cost.tuning import choose_size
    from iris_model.cost.tuning_plot import render_tuning_plot

    if plot is not None:
        refuse_overwriting(plot, [prices, *project_inputs(project)])
    price_list = read_prices(prices)
    found, executor = None, None
    with progress() as on_step:
        if remote:
            name, found = tune_remote.measure_deployed(
                project,
                stage,
                profile,
                region,
                sizes,
                rounds=COLD_STARTS,
                invocations=invocations,
                price_region=price_list.region,
                on_step=on_step,
            )
            measured = list(found.sizes)
        else:
            name, executor, measured = _measure_here(project, sizes, invocations, on_step)
    architecture = architecture or (found.architecture if found else "x86_64")
    tuning = choose_size(measured, price_list, architecture)
    if plot is not None:
        subtitle = f"{name}, {architecture}, prices of {price_list.region}"
        write_picture(plot, render_tuning_plot(tuning, title="How much memory", subtitle=subtitle))
    # $LATEST, which --remote measures, has no snapshots either.
    hint = find_hint(project, stage, executor) or find_note(project, stage)
    if as_json:
        document = tuning_document(tuning, measured, architecture)
        if found is not None:
            document["remote"] = tune_remote.effort_document(name, found, price_list)
        if hint:
            document["notes"] = [hint]
        echo_json(document)
        return
    print_table(tuning, measured)
    if hint:
        echo(f"\n{hint}.")
    if found is not None:
        tune_remote.print_effort(name, found, price_list)


def _measure_here(
    project: Path, sizes: tuple[int, ...], invocations: int, on_step: OnStep
) -> tuple[str, str | None, list[TunedSize]]:
    from iris_model.cli.sources.function import find_function
    from iris_model.cli.tuning.measuring import not_held
    from iris_model.cli.tuning.snapstart_hint import read_executor

    settings = find_function(project, on_step)
    for line in not_held():
        echo_note(line)
    return (
        settings.name,
        read_executor(settings.directory),
        [_measure(settings, size, invocations, on_step) for size in sizes],
    )


def _measure(settings: FunctionSettings, size: int, invocations: int, on_step: OnStep) -> TunedSize:
    from iris_model.cli.tuning.measuring import hold_to_share, measure_function
    from iris_model.cost import summarize_reports
    from iris_model.cost.tuning import TunedSize
    from iris_model.errors import CostError

    on_step(f"{size} MB")
    try:
        reports = measure_function(
            hold_to_share(replace(settings, memory_mib=size)),
            lambda step: on_step(f"{size} MB. {step}"),
            cold_starts=COLD_STARTS,
            warm=invocations,
        )
    except CostError as error:
        return TunedSize(size, None, error.problem)  # the function ran out of memory or time
    return TunedSize(size, summarize_reports(reports))

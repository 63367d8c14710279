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
from iris_model.errors import CostError

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.cost.measurement import ReportLine
    from iris_model.cost.tuning import TunedSize
    from iris_model.local import FunctionSettings

COLD_STARTS = 3
# Rounds of all sizes. If the sizes still cannot be compared, there are more rounds.
FEWEST_ROUNDS, MOST_ROUNDS = COLD_STARTS, 8


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
    size, limited to the CPU share of that size if possible. Each size is priced by its billed milliseconds. All sizes
    are measured in several rounds. If the rounds differ too much, or a larger size is slower, more rounds are measured.
    If they still differ, no size is recommended, because the machine is too busy.

    With --remote, the deployed function is measured on AWS. Only the memory of $LATEST (the unpublished version) is
    changed, never the version that answers requests. It is restored at the end, also after Ctrl-C or an error.

    \b
    Example:
      iris-model tune .
      iris-model tune . --sizes 128,512,1769 --plot tune.png
      iris-model tune --remote --stage prod
    """
    from iris_model.cli.sources.settings import find_settings
    from iris_model.cli.tuning import remote as tune_remote
    from iris_model.cli.tuning.snapstart_hint import find_hint, find_note
    from iris_model.cli.tuning.text import print_table, tuning_document
    from iris_model.cost import read_prices
    from iris_model.cost.noise import find_noise
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
    noise = find_noise(measured)
    if plot is not None:
        subtitle = f"{name}, {architecture}, prices of {price_list.region}"
        write_picture(plot, render_tuning_plot(tuning, title="How much memory", subtitle=subtitle))
    # $LATEST, which --remote measures, has no snapshots either.
    settings = find_settings(project, stage)
    hint = find_hint(settings, executor) or find_note(settings)
    if as_json:
        document = tuning_document(tuning, measured, architecture, noise)
        if found is not None:
            document["remote"] = tune_remote.effort_document(name, found, price_list)
        if hint:
            document["notes"] = [hint]
        echo_json(document)
        return
    print_table(tuning, measured, noise)
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
    return settings.name, read_executor(settings.directory), _measure_in_rounds(settings, sizes, invocations, on_step)


def _measure_in_rounds(
    settings: FunctionSettings, sizes: tuple[int, ...], invocations: int, on_step: OnStep
) -> list[TunedSize]:
    """Measure all sizes in turn, so that a disturbance of the machine affects all of them."""
    from iris_model.cost.noise import find_noise

    rounds: dict[int, list[list[ReportLine]]] = {size: [] for size in sizes}
    failed: dict[int, str] = {}
    found: list[TunedSize] = []
    for number in range(1, MOST_ROUNDS + 1):
        for size in sizes:
            if size in failed:
                continue
            on_step(f"Round {number}, {size} MB")
            try:
                rounds[size].append(_measure(settings, size, invocations))
            except CostError as error:
                failed[size] = error.problem  # the function ran out of memory or time
        found = [_summarize(size, rounds[size], failed.get(size, "")) for size in sizes]
        if number >= FEWEST_ROUNDS and not find_noise(found):
            break
    return found


def _measure(settings: FunctionSettings, size: int, invocations: int) -> list[ReportLine]:
    from iris_model.cli.tuning.measuring import hold_to_share, measure_function

    return measure_function(
        hold_to_share(replace(settings, memory_mib=size)),
        lambda step: None,
        cold_starts=1,
        warm=max(1, invocations // FEWEST_ROUNDS),
    )


def _summarize(size: int, rounds: list[list[ReportLine]], problem: str) -> TunedSize:
    from iris_model.cost import summarize_reports
    from iris_model.cost.noise import find_spread
    from iris_model.cost.tuning import TunedSize

    if problem:
        return TunedSize(size, None, problem)
    reports = [report for each in rounds for report in each]
    return TunedSize(size, summarize_reports(reports), spread=find_spread(rounds))

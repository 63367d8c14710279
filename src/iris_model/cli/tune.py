"""`iris-model tune`: time and cost over memory sizes, measured here under Lambda's share of a processor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.output import echo_json, json_option, progress
from iris_model.cli.pictures import PicturePath, write_picture

if TYPE_CHECKING:
    from iris_model.cli.output import OnStep
    from iris_model.cost.tuning import TunedSize
    from iris_model.local import FunctionSettings

COLD_STARTS = 3


class SizesType(click.ParamType[tuple[int, ...]]):
    """`128,256,512`: memory sizes in MB."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Whole numbers from 128 to 10240, ascending."""
        if isinstance(value, tuple):
            return value
        try:
            sizes = sorted({int(part) for part in str(value).split(",")})
        except ValueError:
            sizes = []
        if not sizes or sizes[0] < 128 or sizes[-1] > 10_240:
            self.fail(f"{value!r}; expected whole numbers from 128 to 10240, as in 128,512,1769", param, ctx)
        return tuple(sizes)


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--sizes", type=SizesType(), default="128,256,512,1024,1769,3008", show_default=True, metavar="MB,MB,...")
@click.option("--invocations", type=click.IntRange(min=3), default=60, show_default=True, help="Warm ones, per size.")
@click.option("--architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64", show_default=True)
@click.option("--prices", type=click.Path(path_type=Path), metavar="FILE", help="Prices in place of ours.")
@click.option("--plot", type=PicturePath(), metavar="FILE.svg|png", help="Draw time and cost over memory.")
@json_option
def tune(
    project: Path,
    sizes: tuple[int, ...],
    invocations: int,
    architecture: str,
    prices: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Find the memory size for the money.

    More memory comes with more of a processor: 1,769 MB with one. The function is measured here at each size, held to that
    share where this machine allows it, and each is priced by its billed milliseconds.

    \b
    Example:
      iris-model tune .
      iris-model tune . --sizes 128,512,1769 --plot tune.png
    """
    from iris_model.cli.function import find_function
    from iris_model.cli.tune_text import print_table, tuning_document
    from iris_model.cost import read_prices
    from iris_model.cost.tuning import choose_size
    from iris_model.cost.tuning_plot import render_tuning_plot

    price_list = read_prices(prices)
    with progress() as on_step:
        settings = find_function(project, on_step)
        for line in _not_held():
            click.echo(f"Note: {line}", err=True)
        measured = [_measure(settings, size, invocations, on_step) for size in sizes]
    tuning = choose_size(measured, price_list, architecture)
    if plot is not None:
        subtitle = f"{settings.name}, {architecture}, prices of {price_list.region}"
        write_picture(plot, render_tuning_plot(tuning, title="How much memory", subtitle=subtitle))
    if as_json:
        echo_json(tuning_document(tuning, measured, architecture))
        return
    print_table(tuning, measured)


def _not_held() -> Iterable[str]:
    from iris_model.local.cgroups import describe_missing, find_cgroups

    return describe_missing(find_cgroups().missing)


def _measure(settings: FunctionSettings, size: int, invocations: int, on_step: OnStep) -> TunedSize:
    from iris_model.cli.measuring import measure_function
    from iris_model.cost import summarize_reports
    from iris_model.cost.tuning import TunedSize
    from iris_model.errors import CostError

    sandbox = replace(settings.sandbox, cpu_share=True)
    on_step(f"{size} MB")
    try:
        reports = measure_function(
            replace(settings, memory_mib=size, sandbox=sandbox),
            lambda step: on_step(f"{size} MB. {step}"),
            cold_starts=COLD_STARTS,
            warm=invocations,
        )
    except CostError as error:
        return TunedSize(size, None, error.problem)  # out of memory, or out of time
    return TunedSize(size, summarize_reports(reports))

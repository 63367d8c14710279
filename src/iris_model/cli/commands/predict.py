"""`iris-model predict`: score files of rows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from iris_model.cli.options.names import split_names
from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.render.outputs import refuse_overwriting
from iris_model.cli.render.rates import show_progress, show_summary
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import QUIET, find_verbosity


@click.command("predict")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--output", "-o", required=True, metavar="OUTPUT", help="Output file, or - for standard output.")
@click.option(
    "--outputs",
    "methods",
    metavar="NAMES",
    help="What to compute, separated by commas: predict, predict_proba, decision_function, ...  [default: predict]",
)
@click.option("--keep", metavar="NAMES", help="Input columns to copy to the output, separated by commas.")
@click.option(
    "--errors",
    type=click.Choice(["fail", "null", "file"]),
    default="fail",
    show_default=True,
    help="If the model refuses a row: fail stops, null leaves its answers empty, file moves it to OUTPUT.errors.jsonl.",
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Number of processes.  [default: one for each processor]")
@click.option(
    "--input-format",
    metavar="FORMAT",
    help="Format of INPUT if the suffix does not show it, such as csv, tsv, jsonl, parquet or csv.gz.",
)
@click.option(
    "--output-format",
    metavar="FORMAT",
    help="Format of OUTPUT if the suffix does not show it.  [default for -: the format of the first input]",
)
@click.option("--restart", is_flag=True, help="Start from the first row, even if an earlier run was interrupted.")
@json_option
def predict(
    model: Path,
    inputs: tuple[str, ...],
    output: str,
    methods: str | None,
    keep: str | None,
    errors: str,
    jobs: int | None,
    input_format: str | None,
    output_format: str | None,
    restart: bool,
    as_json: bool,
) -> None:
    """Score files of rows: CSV, JSON Lines or Parquet, also compressed (gzip, zstd).

    MODEL is a compiled model, a project or a function directory. Each INPUT is a file, a pattern, a directory, or -
    for standard input. Columns are found by name. Answers are written in the order of the rows, and OUTPUT is created
    when it is complete. If a run is interrupted, run the same command again: it continues where it stopped.

    \b
    Example:
      iris-model predict my-iris rows.csv -o answers.csv --keep id
      iris-model predict iris.safetensors 'data/*.parquet' -o answers.parquet --outputs predict,predict_proba
      zcat rows.csv.gz | iris-model predict my-iris - --input-format csv -o - > answers.csv
    """
    from iris_model.scoring import load
    from iris_model.table_io import Request, find_format, find_inputs, predict_files

    found = find_inputs(inputs, input_format)
    if output == "-":
        wanted = find_format("-", output_format) if output_format else found[0].format
        if wanted.kind == "parquet":
            raise click.UsageError("Parquet cannot be written to standard output; choose a file")
        if errors == "file":
            raise click.UsageError("--errors file requires a file as output")
    else:
        refuse_overwriting(Path(output), [model, *(Path(each.name) for each in found if not each.is_standard)])
        wanted = find_format(output, output_format)
    opened = load(model)
    request = Request(
        model=opened,
        inputs=found,
        output=output,
        output_format=wanted,
        methods=_choose(methods, opened.methods),
        keep=split_names(keep),
        errors=errors,
        jobs=jobs or _processors(),
        restart=restart,
    )
    with show_progress(sys.stderr) as on_progress:
        summary = predict_files(request, on_progress)
    if as_json:
        echo_json(vars(summary), err=output == "-")
    elif find_verbosity() != QUIET:
        echo(show_summary(output, summary), err=True)


def _choose(names: str | None, have: tuple[str, ...]) -> tuple[str, ...]:
    wanted = split_names(names) or have[:1]
    if unknown := [name for name in wanted if name not in have]:
        raise click.UsageError(f"--outputs: this model has no {unknown[0]}; it has {', '.join(have)}")
    return wanted


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

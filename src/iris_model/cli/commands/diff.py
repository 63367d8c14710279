"""`iris-model diff`: compare two models on the same rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.options.names import split_names
from iris_model.cli.options.trust import trust_option
from iris_model.cli.render.difference_text import show_comparison
from iris_model.cli.render.model_text import modules_next_to
from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.cli.render.output import OnStep
    from iris_model.scoring.model import Model
    from iris_model.table_io import Comparison
    from iris_model.table_io.sources import Input

DIFFERENT = 2


@click.command("diff")
@click.argument("before", type=click.Path(path_type=Path), metavar="BEFORE")
@click.argument("after", type=click.Path(path_type=Path), metavar="AFTER")
@click.option("--data", "inputs", multiple=True, required=True, metavar="ROWS", help="File of rows. Repeatable.")
@click.option(
    "--input-format",
    metavar="FORMAT",
    help="Format of ROWS if the suffix does not show it: csv, tsv, jsonl or parquet.",
)
@click.option("--keep", metavar="NAMES", help="Columns that identify a row, separated by commas.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="T",
    help="Numbers that differ by at most T * max(1, |before|) are equal.  [default: 0, all bits must be equal]",
)
@click.option(
    "--allow",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Exit with 0 if at most this share of the rows changes, from 0 to 1.  [default: 0]",
)
@click.option(
    "--rows", "largest", type=click.IntRange(0), default=10, show_default=True, help="Number of changed rows to show."
)
@trust_option("the model files")
@json_option
def diff(
    before: Path,
    after: Path,
    inputs: tuple[str, ...],
    input_format: str | None,
    keep: str | None,
    tolerance: float,
    allow: float,
    largest: int,
    trust: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show which predictions change between two models.

    BEFORE and AFTER are model files, compiled models, projects or function directories. Both models answer every row of
    --data. A row counts as changed if its prediction differs, or if only one model refuses it. The exit code is 2 if more
    rows change than --allow permits, so that CI can stop. It is 1 if both models refuse every row.

    \b
    Example:
      iris-model diff old.pkl new.pkl --data rows.csv
      iris-model diff old.pkl my-iris --data rows.csv --keep id --allow 0.01
    """
    from iris_model.table_io import compare_files, find_inputs

    found = find_inputs(inputs, input_format)
    with progress() as on_step:
        compared = compare_files(
            _open(before, trust, found, on_step),
            _open(after, trust, found, on_step),
            found,
            keep=split_names(keep),
            tolerance=tolerance,
            largest=largest,
            on_rows=lambda rows: on_step(f"Comparing: {rows:,} rows"),
        )
    if as_json:
        echo_json(_describe(compared))
    else:
        echo(show_comparison(compared, str(before), str(after)))
    if compared.share > allow:
        raise click.exceptions.Exit(DIFFERENT)


def _open(path: Path, trust: tuple[str, ...], rows: Sequence[Input], on_step: OnStep) -> Model:
    """Compile a model file; load anything else.

    Some columns have their type from rows only, such as truth values that go through the steps unchanged. So the first
    file of rows is the sample, if it can be one.
    """
    from iris_model.errors import IrisModelError, ModelFileError, ParityError, UnsupportedModel
    from iris_model.scoring import compile as compile_model
    from iris_model.scoring import load
    from iris_model.scoring.files import SUFFIX

    on_step(f"Opening {path}")
    if path.is_file() and path.suffix != SUFFIX:
        with modules_next_to(path, trust):
            sample = rows[0] if rows else None
            if sample and sample.is_seekable and sample.format.kind == "csv":
                try:
                    return compile_model(path, data=sample.name, trust=trust)
                except (UnsupportedModel, ParityError, ModelFileError):
                    raise
                except IrisModelError:
                    pass  # rows that the model refuses are no sample
            return compile_model(path, trust=trust)
    return load(path)


def _describe(compared: Comparison) -> dict[str, object]:
    """Return the comparison as JSON values. JSON has no infinity and no NaN, so these are null."""
    return {
        "rows": compared.rows,
        "different": compared.different,
        "share": compared.share,
        "changed": compared.changed,
        "refused_before": compared.refused_before,
        "refused_after": compared.refused_after,
        "refused_by_both": compared.refused_by_both,
        "labels": [{"before": one, "after": two, "rows": count} for (one, two), count in compared.labels.most_common()],
        "shifts": {
            name: {"mean": _as_json(shift.mean), "largest": _as_json(shift.largest)}
            for name, shift in compared.shifts.items()
        },
        "removed": list(compared.removed),
        "added": list(compared.added),
        "largest": [
            {
                **vars(row),
                "before": [_as_json(value) for value in row.before],
                "after": [_as_json(value) for value in row.after],
                "shift": _as_json(row.shift),
            }
            for row in compared.largest
        ],
    }


def _as_json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

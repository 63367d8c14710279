"""Describe a model that is not compiled for the `original` executor: signature, source, golden rows.

There is no graph to read these from. They come from the estimator's attributes and its answers for a few rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iris_model.compiler.data import Cell, Row, check_categories, find_orders, read_data
from iris_model.compiler.original import Original
from iris_model.compiler.parity.asking import Limit
from iris_model.compiler.parity.golden import spread
from iris_model.compiler.parity.report import SEARCH_STOPPED
from iris_model.compiler.parity.searching import search_limit, search_rows
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Column, InputSignature, Signature, Source
from iris_model.errors import IrisModelError, ModelFileError, UnsupportedModel
from iris_model.readers import Graph, needed_methods, open_model
from iris_model.readers.graph import Estimator, partial_signature
from iris_model.readers.opening.mlflow import find_types as find_mlflow_types
from iris_model.readers.precision import takes_only_float32

from .answers import ask_rows, describe_answers
from .column_types import Entry, find_category
from .columns import Columns, find_columns

# At most this many columns are tested one by one for missing values; a wider model, all at once.
PROBED_COLUMNS = 256

# A category that does not occur in training.
UNSEEN = "never seen before"

# The number of parts of a container that are shown.
SHOWN_PARTS = 8
GIVE_ROWS = (
    "Pass sample rows like those of training, with a header line that names the columns: --data rows.csv (in a project: data "
    "in iris-model.toml)."
)
SAVE_ALONE = "Save only the fitted estimator. Put preprocessing, such as a scaler, into a Pipeline with it."


@dataclass(frozen=True)
class Description:
    """The same as `Compilation`, for a model that is not compiled."""

    signature: Signature
    source: Source
    golden: list[GoldenRow]


def describe_original(
    path: str | Path,
    data: str | Path | None = None,
    trust: Sequence[str] = (),
    categories: Mapping[str, Sequence[Cell]] = MappingProxyType({}),
) -> Description:
    """Open a model file and describe it.

    `data`: a CSV file with rows. `trust`: names outside the known libraries that the file may use. Columns of strings
    or categories are known from converters, even if they refuse the model, and from `data`. `categories`: see
    `compile_model`; if they are necessary and not given, they are assumed to be sorted, and the column is marked with
    `assumed_order`. Raises ModelFileError,
    UntrustedModel, and UnsupportedModel if the model answers no row.
    """
    opened = open_model(path, trust)
    estimator = opened.estimator
    given = read_data(data) if data is not None else None
    methods = needed_methods(estimator)
    if not methods:
        raise UnsupportedModel(
            [f"{opened.class_name} has neither predict nor transform{_show_content(estimator)}"], remedy=SAVE_ALONE
        )
    candidates = find_columns(
        estimator,
        given,
        opened.names,
        opened.class_name,
        find_mlflow_types(Path(path)),
        find_orders(given, categories),
    )
    found, original, golden = _find_answered(
        estimator, candidates, methods, opened.class_name, may_search=given is None
    )
    check_categories(categories, found.entries)
    methods = [method for method in methods if method in golden[0]["outputs"]]
    answered = golden[0]["row"]
    columns: list[Column] = [
        {**column, "missing": missing or bool(column.get("optional"))}
        for column, missing in zip(found.entries, _find_missing(original, answered, methods[0]), strict=True)
    ]
    columns = _close_categories(original, [entry["row"] for entry in golden], methods[0], columns)
    columns = _mark_assumed_types(estimator, found, columns, golden, methods)
    answered_with = describe_answers(estimator, methods, golden)
    signature: Signature = {
        "columns": columns,
        "named": found.named,
        "input": found.input,
        "task": answered_with["task"],
        "classes": answered_with["classes"],
        "outputs": answered_with["outputs"],
    }
    return Description(signature, opened.describe_source(), golden)


def _find_answered(
    estimator: Estimator, candidates: Iterator[Columns], methods: Sequence[str], owner: str, *, may_search: bool
) -> tuple[Columns, Original, list[GoldenRow]]:
    """Return the first candidate for which the original answers every row, else the one with most answers.

    A method that raises for all rows is dropped. The first method is never dropped, because it is the model's purpose.
    `may_search`: the user gave no rows; if no candidate's rows are answered, the domain of each column is searched.
    """
    best: tuple[Columns, Original, list[GoldenRow]] | None = None
    first: tuple[Columns, Exception] | None = None
    tried: Columns | None = None
    for columns in candidates:
        if takes_only_float32(estimator):
            columns = replace(columns, entries=[_narrow(column) for column in columns.entries])
        tried = tried or columns
        original = Original(estimator, {"columns": columns.entries, "named": columns.named, "input": columns.input})
        asked = spread(columns.rows)
        try:
            golden = ask_rows(original, asked, methods)
        except ModelFileError:
            raise
        except Exception as error:
            first = first or (columns, error)
            continue
        if best is None or len(golden) > len(best[2]):
            best = columns, original, golden
        if len(golden) == len(asked):
            break
    limit = search_limit()
    if may_search and tried is not None and (best is None or len(best[2]) < len(spread(best[0].rows))):
        searched = _search(estimator, tried, methods, limit)
        best = searched if searched is not None and (best is None or len(searched[2]) > len(best[2])) else best
    if best is None:
        assert first is not None
        kinds = ", ".join(f"{one['name']} ({one['kind']})" for one in first[0].entries[:8])
        stopped = f". {SEARCH_STOPPED}" if limit.stopped else ""
        raise UnsupportedModel([f"{owner} raises on rows of {kinds}: {_say(first[1])}{stopped}"], remedy=GIVE_ROWS)
    columns, original, golden = best
    if columns.by_header:
        return _leave_out_unused(estimator, columns, golden, methods)
    return columns, original, golden


def _narrow(column: Entry) -> Entry:
    return {**column, "dtype": "float32"} if column["dtype"] == "float64" else column


def _search(
    estimator: Estimator, columns: Columns, methods: Sequence[str], limit: Limit
) -> tuple[Columns, Original, list[GoldenRow]] | None:
    """Return the columns with rows that the original answers, or None."""
    signature: InputSignature = {"columns": columns.entries, "named": columns.named, "input": columns.input}
    original = Original(estimator, signature)
    try:
        golden = ask_rows(
            original,
            spread(search_rows(original, Graph((), {}, partial_signature(signature)), tuple(methods), limit)),
            methods,
        )
    except Exception:
        # The library may raise anything here. It answers none of these rows either.
        return None
    return columns, original, golden


def _leave_out_unused(
    estimator: Estimator, columns: Columns, golden: list[GoldenRow], methods: Sequence[str]
) -> tuple[Columns, Original, list[GoldenRow]]:
    """Return the columns, without columns of the header that the model never reads, such as the target."""
    index = len(columns.entries) - 1
    while index >= 0 and len(columns.entries) > 1:
        fewer = columns.without(index)
        original = Original(estimator, {"columns": fewer.entries, "named": fewer.named, "input": fewer.input})
        rows = [[*entry["row"][:index], *entry["row"][index + 1 :]] for entry in golden]
        try:
            answers = ask_rows(original, rows, methods)
        except Exception:
            answers = []
        if [entry["outputs"] for entry in answers] == [entry["outputs"] for entry in golden]:
            columns, golden = fewer, answers
        index -= 1
    return (
        columns,
        Original(estimator, {"columns": columns.entries, "named": columns.named, "input": columns.input}),
        golden,
    )


def _say(error: Exception) -> str:
    if isinstance(error, IrisModelError):
        return error.problem
    # XGBoost appends a stack trace to the first line.
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _show_content(found: Estimator) -> str:
    """Describe the content of a container: people save a model together with its scaler or its column names."""
    if isinstance(found, dict):
        parts = [f"{key!r} ({type(value).__name__})" for key, value in list(found.items())[:SHOWN_PARTS]]
    elif isinstance(found, (list, tuple)):
        parts = [type(value).__name__ for value in found[:SHOWN_PARTS]]
    else:
        return ""
    return f"; it contains {', '.join(parts)}" if parts else "; it is empty"


def _find_missing(original: Original, row: Row, method: str) -> list[bool]:
    """Return for each column whether it may be missing: the original still answers without it."""
    width = len(row)
    if width > PROBED_COLUMNS:
        return [_answers(original, [None] * width, method)] * width
    return [_answers(original, [*row[:index], None, *row[index + 1 :]], method) for index in range(width)]


def _close_categories(original: Original, rows: Sequence[Row], method: str, columns: Sequence[Column]) -> list[Column]:
    """Mark the columns of pandas categories in which an unseen category must be refused.

    A DataFrame has the categories of training, so an unseen one becomes missing. If the original's answer differs from
    that for a missing cell, it mistakes the category for another one.
    """
    closed = []
    for index, column in enumerate(columns):
        if column["dtype"] == "category":
            numbers = [one for one in column["categories"] if not isinstance(one, str)]
            unseen = max(numbers) + 1 if numbers else UNSEEN
            for row in rows:
                met, missing = (
                    _answer(original, [*row[:index], cell, *row[index + 1 :]], method) for cell in (unseen, None)
                )
                if met is not None and met != missing:
                    column = {**column, "closed": True}
        closed.append(column)
    return closed


def _mark_assumed_types(
    estimator: Estimator, found: Columns, columns: Sequence[Column], golden: Sequence[GoldenRow], methods: Sequence[str]
) -> list[Column]:
    """Mark columns of strings or integers that would have other answers as pandas categories.

    Only for columns that the user's own step reads: a CSV file does not say that training had categories, and a step
    may use their codes. The original itself shows whether it makes a difference.
    """
    rows = [entry["row"] for entry in golden]
    marked = []
    for index, column in enumerate(columns):
        if found.input == "frame" and column["name"] in found.guessed and column["dtype"] in ("str", "int64"):
            cells = ["" if row[index] is None else str(row[index]) for row in rows]
            entry = find_category(column, cells)
            # `astype("category")` sorts strings, so only another order shows that their codes are used.
            for order in (entry["categories"], entry["categories"][::-1]):
                others: list[Entry] = [*columns[:index], {**entry, "categories": order}, *columns[index + 1 :]]
                asked = Original(estimator, {"columns": others, "named": found.named, "input": found.input})
                try:
                    answers = ask_rows(asked, rows, methods)
                except Exception:
                    # The original does not take categories here.
                    break
                if [one["outputs"] for one in answers] != [one["outputs"] for one in golden]:
                    column = {**column, "assumed_type": True}
                    break
        marked.append(column)
    return marked


def _answer(original: Original, row: Row, method: str) -> Any:
    try:
        return original.evaluate([row], [method])[method]
    except Exception:
        return None


def _answers(original: Original, row: Row, method: str) -> bool:
    return _answer(original, row, method) is not None

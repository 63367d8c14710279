"""The columns of a model that stays as it is: what readers learned of them, and what the user's rows show.

Out: the columns of a signature, without what may be missing; how rows reach the original ("documents", "dictionaries",
"frame" or "table"); and rows to ask it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, read_partly
from iris_model.readers.dictionaries import takes_dictionaries
from iris_model.readers.documents import takes_documents
from iris_model.readers.graph import Estimator

from .cells import fill_cells, find_pools
from .data import MISSING, TRUTH, Data, Row, arrange, mark_truths
from .ranges import DEFAULT
from .rows import SEED

TRIED_ROWS = 16
# Of a column with more different texts than these the texts are no categories to show to anybody.
MOST_CATEGORIES = 64


@dataclass(frozen=True)
class Columns:
    """`entries` for the signature, `named` as there, `input` as above, `rows` to ask the original."""

    entries: list[dict[str, Any]]
    named: bool
    input: str
    rows: list[Row]


def describe_columns(estimator: Estimator, given: Data | None, names: Sequence[str] | None, owner: str) -> Columns:
    """Describe the input of `estimator`; UnsupportedModel if nothing says how many columns it takes."""
    graph = read_partly(estimator, (given.names if given else None) or names)
    if graph is None or not graph.signature["columns"]:
        raise UnsupportedModel(
            [f"{owner} does not say how many columns it takes (n_features_in_)"],
            remedy="Give sample rows with a header line: data in iris-model.toml.",
        )
    named = bool(graph.signature["named"])
    entries = [
        _settle(entry, _cells(given, index, entry["name"], named))
        for index, entry in enumerate(graph.signature["columns"])
    ]
    if given is not None:
        entries = mark_truths(given, {"columns": entries, "named": named})
    signature = {"columns": entries, "named": named}
    if takes_documents(estimator):
        shape = "documents"
    elif takes_dictionaries(estimator):
        shape = "dictionaries"
    else:
        shape = "frame" if named else "table"
    rows = arrange(given, signature) if given is not None else _make_rows(replace(graph, signature=signature))
    return Columns(entries, named, shape, rows)


def _settle(entry: dict[str, Any], cells: Sequence[str]) -> dict[str, Any]:
    """An unknown column holds numbers, unless the user's rows show other cells."""
    if entry["kind"] != "unknown":
        return {**entry, "missing": True}
    there = [cell for cell in cells if cell.strip().lower() not in MISSING]
    numeric = {"name": entry["name"], "kind": "numeric", "dtype": "float64", "missing": True}
    if all(map(_is_number, there)) or all(cell.strip().lower() in TRUTH for cell in there):
        return numeric
    texts = sorted({cell for cell in there if not _is_number(cell)})
    if len(texts) == len(there) and len(texts) > MOST_CATEGORIES:
        return {**numeric, "kind": "text", "dtype": "str"}
    mixed = len(texts) < len(set(there))
    categories = texts[:MOST_CATEGORIES]
    return {**numeric, "kind": "categorical", "dtype": "object" if mixed else "str", "categories": categories}


def _cells(given: Data | None, index: int, name: str, named: bool) -> list[str]:
    if given is None:
        return []
    if named and given.names is not None:
        place = given.place_of(name)
        if place is None:
            return []
        index = place
    return [str(row[index]) for row in given.rows if index < len(row) and row[index] is not None]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _make_rows(graph: Graph) -> list[Row]:
    random = np.random.RandomState(SEED)
    rows: list[Row] = random.uniform(*DEFAULT, size=(TRIED_ROWS, len(graph.signature["columns"]))).tolist()
    return fill_cells(rows, find_pools(graph), random)

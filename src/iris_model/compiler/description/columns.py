"""Find candidates for the columns of a model that is not compiled, the most likely first.

They combine facts from converters, the user's rows, and the remaining possibilities. Each candidate has the columns of
a signature, the form in which rows reach the original ("documents", "dictionaries", "frame", "series" or "table"), and
rows to evaluate. The original's answers decide which candidate is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any

import numpy as np

from iris_model.compiler.data import Data, Row, adopt_header, arrange
from iris_model.compiler.parity.golden import spread
from iris_model.compiler.probes.cells import fill_cells, find_pools
from iris_model.compiler.probes.ranges import DEFAULT
from iris_model.compiler.probes.rows import SEED
from iris_model.contract.signature import InputSignature
from iris_model.errors import UnsupportedModel
from iris_model.readers import Graph, read_partly
from iris_model.readers.category_orders import NO_ORDERS, CategoryOrders
from iris_model.readers.dictionaries import find_open_form, refuse_unknown_names, takes_dictionaries
from iris_model.readers.documents import takes_documents
from iris_model.readers.estimators import says_columns
from iris_model.readers.graph import Estimator, partial_signature
from iris_model.readers.xgboost.frame_columns import find_frame_columns

from .column_types import Entry, find_category, find_types

TRIED_ROWS = 16
# Libraries whose estimators treat 7 and 7.0 as equal, except in columns that their converters name.
NUMERIC_LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost", "imblearn", "ngboost")
# The original is evaluated with at most this many rows, evenly spaced.
MOST_ROWS = 256
# The number of candidates before a model is refused.
MOST_CANDIDATES = 96


@dataclass(frozen=True)
class Columns:
    """A candidate: `entries` and `named` for the signature, `input` as above, `rows` to evaluate.

    `by_header`: the columns are those of the user's header, because the estimator stores none. `guessed`: names of columns
    whose type only the cells of the user's rows show.
    """

    entries: list[Entry]
    named: bool
    input: str
    rows: list[Row]
    by_header: bool = False
    guessed: frozenset[str] = frozenset()

    def without(self, index: int) -> Columns:
        """Return the candidate without one column."""
        rows = [[*row[:index], *row[index + 1 :]] for row in self.rows]
        return replace(self, entries=[*self.entries[:index], *self.entries[index + 1 :]], rows=rows)


def find_columns(
    estimator: Estimator,
    given: Data | None,
    names: Sequence[str] | None,
    owner: str,
    types: Mapping[str, str],
    orders: CategoryOrders = NO_ORDERS,
) -> Iterator[Columns]:
    """Yield candidates for the input of `estimator`. Raises UnsupportedModel if the number of columns is unknown.

    `names` and `types` come from an MLflow signature. `orders`: categories that the estimator may not store.
    """
    if says_columns(estimator) or takes_dictionaries(estimator):
        return islice(_find_learned(estimator, given, names, owner, types, orders), MOST_CANDIDATES)
    header = [*names] if names else [name for name in (given.names or ()) if name] if given else []
    if not header:
        raise UnsupportedModel(
            [f"{owner} has neither n_features_in_ nor feature_names_in_, so its columns are unknown"],
            remedy="Pass sample rows like those of training, with a header line: --data, or data in iris-model.toml.",
        )
    return islice(_find_by_header(estimator, given, header, types, orders), MOST_CANDIDATES)


def _find_learned(
    estimator: Estimator,
    given: Data | None,
    names: Sequence[str] | None,
    owner: str,
    types: Mapping[str, str],
    orders: CategoryOrders = NO_ORDERS,
) -> Iterator[Columns]:
    """Yield candidates from the columns that the estimator stores."""
    header = (given.names if given else None) or names
    if find_open_form(estimator, header) is not None:
        raise refuse_unknown_names()
    graph = read_partly(estimator, header)
    if graph is None or not graph.signature["columns"]:
        raise UnsupportedModel(
            [f"{owner} has no n_features_in_, the number of its columns"],
            remedy="Pass sample rows with a header line: --data, or data in iris-model.toml.",
        )
    named = bool(graph.signature["named"])
    if given is None and named:
        _check_types_are_known(graph, types)
    if given is not None:
        given = adopt_header(given, [column["name"] for column in graph.signature["columns"]])
    if takes_documents(estimator):
        shapes = ["documents"]
    elif takes_dictionaries(estimator):
        shapes = ["dictionaries"]
    else:
        shapes = ["frame"] if named else ["table", "frame"]
    yield from _combine(_with_types(graph, estimator, given, named, orders), given, named, shapes, types, orders)


def _with_types(graph: Graph, estimator: Estimator, given: Data | None, named: bool, orders: CategoryOrders) -> Graph:
    """Return the graph with the types that a booster stores of its DataFrame: which columns are categories or numbers."""
    known = find_frame_columns(estimator)
    if known is None or not named:
        return graph
    columns: list[Entry] = []
    for index, (entry, found) in enumerate(zip(graph.signature["columns"], known, strict=True)):
        plain: Entry = {"name": entry["name"], "kind": "numeric", "dtype": "float64", "missing": True}
        if found.is_categorical:
            plain = find_category(entry, _cells(given, index, entry["name"], named))
            known = found.find_categories(entry["name"], orders)
            if known is None:
                known = found.assume_sorted(entry["name"], orders)
                plain["assumed_order"] = True
            plain["categories"] = known
        columns.append(plain)
    return replace(graph, signature={**graph.signature, "columns": columns})


def _check_types_are_known(graph: Graph, types: Mapping[str, str]) -> None:
    """Refuse to guess the types of DataFrame columns for a custom step: 7, 7.0 and "7" may differ to it."""
    for column in graph.signature["columns"]:
        owners = [one for one in column.get("puzzled_by", ()) if one.partition(".")[0] not in NUMERIC_LIBRARIES]
        if column["kind"] == "unknown" and owners and column["name"] not in types:
            raise UnsupportedModel(
                [
                    f"{owners[0]} reads the column {column['name']!r}, whose type in training is unknown (integers, "
                    "floats, strings or dates)"
                ],
                remedy="Pass sample rows like those of training, with a header line: --data, or data in iris-model.toml.",
            )


def _find_by_header(
    estimator: Estimator, given: Data | None, header: list[str], types: Mapping[str, str], orders: CategoryOrders
) -> Iterator[Columns]:
    """Yield candidates for a custom first step: all columns of the header, then without the target."""
    subsets = [header, *([header[:-1], header[1:]] if len(header) > 1 else [])]
    for subset in subsets:
        graph = read_partly(estimator, subset)
        entries: list[Entry] = [{"name": name, "kind": "unknown", "dtype": "", "missing": True} for name in subset]
        nodes = graph.nodes if graph is not None else ()
        guess = Graph(nodes, {}, partial_signature({"columns": entries, "named": True}))
        shapes = ["frame", "table"] + (["documents", "series"] if len(subset) == 1 else [])
        for columns in islice(_combine(guess, given, True, shapes, types, orders), MOST_CANDIDATES // len(subsets)):
            yield replace(columns, by_header=True)


def _combine(
    graph: Graph,
    given: Data | None,
    named: bool,
    shapes: Sequence[str],
    types: Mapping[str, str],
    orders: CategoryOrders,
) -> Iterator[Columns]:
    """Yield every input form with the most likely types, then with other types for all columns, for one and for two."""
    entries = graph.signature["columns"]
    guessed = frozenset(entry["name"] for entry in entries if entry["kind"] == "unknown") - types.keys()
    options = [
        find_types(entry, _cells(given, index, entry["name"], named), types.get(entry["name"]))
        for index, entry in enumerate(entries)
    ]
    for index, entry in enumerate(entries):
        if entry["name"] in guessed:
            options[index] = _with_order(options[index], orders.declared.get(entry["name"]))
    if given is not None and len(given.rows) > MOST_ROWS:
        given = replace(given, rows=tuple(spread(given.rows, MOST_ROWS)))
    choices = list(islice(_choose(options), MOST_CANDIDATES))
    for shape in shapes:
        # The most likely types come first, in each form.
        yield from _columns(graph, given, choices[0], named, shape, guessed)
    for choice in choices[1:]:
        for shape in shapes:
            yield from _columns(graph, given, choice, named, shape, guessed)


def _with_order(options: Sequence[Entry], declared: Sequence[Any] | None) -> list[Entry]:
    """Return the types of a column of unknown type, with the declared categories, else with a mark at assumed ones."""
    if declared is not None:
        return [find_category(options[0], ()) | {"categories": list(declared)}]
    return [entry | {"assumed_order": True} if entry["dtype"] == "category" else entry for entry in options]


def _choose(options: Sequence[Sequence[Entry]]) -> Iterator[list[Entry]]:
    first = [one[0] for one in options]
    yield first
    others = [(index, entry) for index, one in enumerate(options) for entry in one[1:]]
    for dtype in dict.fromkeys(entry["dtype"] for _, entry in others):
        alike = {index: entry for index, entry in others if entry["dtype"] == dtype}
        if len(alike) > 1:
            yield [alike.get(index, entry) for index, entry in enumerate(first)]
    for changed in (*combinations(others, 1), *islice(combinations(others, 2), MOST_CANDIDATES)):
        chosen = dict(changed)
        yield [chosen.get(index, entry) for index, entry in enumerate(first)]


def _columns(
    graph: Graph, given: Data | None, entries: list[Entry], named: bool, shape: str, guessed: frozenset[str]
) -> Iterator[Columns]:
    signature: InputSignature = {"columns": entries, "named": named}
    if given is not None:
        yield Columns(entries, named, shape, arrange(given, signature), guessed=guessed)
        return
    for rows in _make_rows(replace(graph, signature=partial_signature(signature))):
        yield Columns(entries, named, shape, rows, guessed=guessed)


def _cells(given: Data | None, index: int, name: str, named: bool) -> list[str]:
    """Return the cells of a column as strings; a missing one is the empty string."""
    if given is None:
        return []
    if given.names is not None:
        place = given.place_of(name)
        if place is None and named:
            return []
        index = index if place is None else place
    return ["" if row[index] is None else str(row[index]) for row in given.rows if index < len(row)]


def _make_rows(graph: Graph) -> Iterator[list[Row]]:
    """Yield rows for a model without data: any numbers, then positive, whole, and small numbers."""
    random = np.random.RandomState(SEED)
    cells = random.uniform(*DEFAULT, size=(TRIED_ROWS, len(graph.signature["columns"])))
    positive = np.abs(cells)
    tables: list[list[Row]] = [cells.tolist(), positive.tolist(), np.round(positive).tolist(), (positive / 10).tolist()]
    for rows in tables:
        yield fill_cells(rows, find_pools(graph), random)

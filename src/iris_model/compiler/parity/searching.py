"""Find rows that the original answers, for any domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.compiler.original import Original
from iris_model.compiler.probes.cells import fill_cells, find_pools
from iris_model.compiler.probes.domains import WANTED_ROWS, Domains, SearchStopped, find_domains
from iris_model.compiler.probes.ranges import find_ranges
from iris_model.compiler.probes.remembered import find_remembered
from iris_model.compiler.probes.rows import SEED
from iris_model.readers import Graph

from .asking import Limit, ask
from .comparing import find_finite
from .report import PURPOSES

Array = np.ndarray[Any, Any]


# The number of calls, and of seconds, for one search.
SEARCH_CALLS, SEARCH_SECONDS = 20_000, 20.0


def search_limit() -> Limit:
    """Return a new limit for one search."""
    return Limit(SEARCH_CALLS, SEARCH_SECONDS)


def search_domains(
    original: Original, graph: Graph, data: Sequence[Row], methods: tuple[str, ...], limit: Limit
) -> Domains | None:
    """Return the domain of each column; None if random rows in the given ranges are answered, or no row is.

    `limit`: counts all calls, refused or not. If it ends the search, the best domain so far is returned.
    """
    random = np.random.RandomState(SEED)
    pools = find_pools(graph)
    width = len(graph.signature["columns"])
    candidates = [*data, *find_remembered(original.estimator, width)]
    purpose = next(method for method in PURPOSES if method in methods)

    def answers(rows: Sequence[Row]) -> list[bool]:
        if limit.is_reached:
            limit.stopped = True
            raise SearchStopped
        limit.count()
        return find_answered(original, rows, purpose, limit)

    return find_domains(
        answers,
        find_ranges(graph, data),
        list(pools),
        lambda rows: fill_cells(rows, pools, random),
        [row for row in candidates if all(index in pools or isinstance(cell, float) for index, cell in enumerate(row))],
        random,
    )


def search_rows(original: Original, graph: Graph, methods: tuple[str, ...], limit: Limit) -> list[Row]:
    """Return rows for a model of which only the columns are known: random ones if it answers them, else searched ones."""
    domains = search_domains(original, graph, (), methods, limit)
    random = np.random.RandomState(SEED)
    if domains is not None and domains.rows:
        return domains.rows
    ranges = find_ranges(graph, ()) if domains is None else domains.ranges
    table = random.uniform(ranges[:, 0], ranges[:, 1], size=(WANTED_ROWS, len(ranges)))
    if domains is not None:
        table[:, domains.whole] = np.round(table[:, domains.whole])
    return fill_cells(table.tolist(), find_pools(graph), random)


def find_answered(original: Original, rows: Sequence[Row], method: str, limit: Limit) -> list[bool]:
    """Return for each row whether a method of the original answers it with finite numbers, or with a label."""
    answers = ask(original.evaluate, rows, (method,), Exception, limit)
    at = [index for index, answer in enumerate(answers) if answer]
    finite = find_finite([answers[index][method] for index in at])
    answered = {index for index, (is_finite, _) in zip(at, finite, strict=True) if is_finite}
    return [index in answered for index in range(len(rows))]

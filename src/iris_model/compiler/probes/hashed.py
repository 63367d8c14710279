"""Make strings for the categories that a model knows only by their hashes.

CatBoost stores no strings, so without the user's rows every category would be an unknown one. The hash of a string of
16 bytes can be inverted: the last eight bytes are fixed, and for each choice of the upper 32 bits of the hash, the first
eight follow. Some of these are printable.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from iris_model.engine.operators.hashed.categories import hash_categories
from iris_model.engine.operators.hashed.cityhash import MULTIPLIER as CITY
from iris_model.engine.operators.hashed.statistics import MULTIPLIER as COMBINING
from iris_model.readers import Graph, Node

Array = np.ndarray[Any, Any]
Known = dict[int, set[int]]

WORD, HALF_WORD = 2**64, 2**32
# The categories of a column for which strings are made, and the integers that are tried first: digits are common.
MOST_CATEGORIES, INTEGERS = 256, 1024
# A projection of several categories with more possibilities than this is not solved.
MOST_TRIALS = 1_000_000
ENDING = b"-made-up"
BATCH, BATCHES = 4096, 16
ALLOWED = b"!#$%()*+-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz{|}~"


def find_known_texts(graph: Graph) -> dict[str, list[str]]:
    """Return strings with the hashes that the graph knows, by the name of their column."""
    return {name: _make_texts(sorted(hashes)) for name, hashes in find_known_hashes(graph).items()}


def find_known_hashes(graph: Graph) -> dict[str, set[int]]:
    """Return the hashes that the graph knows, by the name of their column; empty if it only hashes the column."""
    found: dict[str, set[int]] = {}
    for node in graph.nodes:
        if node.op == "hash_categories":
            known = _known_hashes(graph, node)
            found.update({name: known.get(column, set()) for column, name in enumerate(node.attributes["names"])})
    return found


def _known_hashes(graph: Graph, source: Node) -> Known:
    """Return the known hashes of each column of the table `source`."""
    known: Known = {}
    equations: list[tuple[dict[str, Any], list[int]]] = []
    for node in graph.nodes:
        if source.output not in node.inputs[:1]:
            continue
        starts = node.tensors.get("starts", np.zeros(0, np.int32)).tolist()
        if node.op == "category_positions":
            for column, start, end in zip(node.tensors["columns"].tolist(), starts, starts[1:], strict=False):
                known.setdefault(column, set()).update(node.tensors["known"][start:end].tolist())
        elif node.op == "category_statistics":
            for projection, start, end in zip(node.attributes["projections"], starts, starts[1:], strict=False):
                equations.append((projection, node.tensors["keys"][start:end].tolist()))
    # The simple ones first: the others need the categories of all columns but one.
    equations.sort(key=lambda each: len(each[0]["categories"]))
    for projection, keys in equations * 2:
        unknown = [column for column in projection["categories"] if column not in known]
        columns = unknown if len(projection["categories"]) > 1 else projection["categories"]
        if len(columns) == 1:
            known.setdefault(columns[0], set()).update(_solve(projection, columns[0], keys, known))
    return known


def _solve(projection: dict[str, Any], wanted: int, keys: Sequence[int], known: Known) -> set[int]:
    """Return the hashes of the column `wanted` that give the keys of the projection.

    A key is a sum of the signed values of its elements, each times a power of the multiplier.
    """
    elements: list[int | None] = [
        *projection["categories"],
        *(None for _ in (*projection["above"], *projection["equal"])),
    ]
    weights = [pow(COMBINING, len(elements) - place + 1, WORD) for place in range(len(elements))]
    others = [
        (weight, (0, 1) if column is None else _signed(known[column]))
        for weight, column in zip(weights, elements, strict=True)
        if column is None or column != wanted
    ]
    inverse = pow(weights[elements.index(wanted)], -1, WORD)
    trials = len(keys)
    for _, values in others:
        trials *= max(1, len(values))
    if trials > MOST_TRIALS:
        return set()
    sums = [sum(chosen) for chosen in product(*([weight * value for value in values] for weight, values in others))]
    table = np.array([[(key - total) * inverse % WORD for total in sums] for key in keys], np.uint64).view(np.int64)
    found = table[(table >= -HALF_WORD // 2) & (table < HALF_WORD // 2)]
    return {value % HALF_WORD for value in found.tolist()}


def _signed(hashes: set[int]) -> list[int]:
    return [value if value < HALF_WORD // 2 else value - HALF_WORD for value in hashes]


def _make_texts(hashes: Sequence[int]) -> list[str]:
    """Return a string for each hash, of at most MOST_CATEGORIES, spread evenly."""
    readable = _hash_integers()
    if len(hashes) > MOST_CATEGORIES:
        hashes = [hashes[place] for place in np.linspace(0, len(hashes) - 1, MOST_CATEGORIES).astype(int)]
    made = [readable.get(value) or _invert(value) for value in hashes]
    return [text for text in made if text is not None]


@cache
def _hash_integers() -> dict[int, str]:
    return {int(hash_categories([[float(number)]], names=["any"])[0][0]): str(number) for number in range(INTEGERS)}


def _invert(value: int) -> str | None:
    """Return a string of 16 printable characters with this hash, or None if none was found."""
    last = int.from_bytes(ENDING, "little")
    ending = last + 16
    second = np.uint64((ending >> 16 | ending << 48) % WORD)
    inverse = np.uint64(pow(CITY, -1, WORD))
    allowed = np.zeros(256, bool)
    allowed[list(ALLOWED)] = True
    for batch in range(BATCHES):
        upper = np.arange(batch * BATCH, (batch + 1) * BATCH, dtype=np.uint64)
        mixed = upper << np.uint64(32) | np.uint64((value ^ last) % HALF_WORD)
        after = _unmix(mixed * inverse) * inverse
        first = (_unmix(after ^ second) * inverse) ^ second
        letters = first.astype("<u8").view(np.uint8).reshape(-1, 8)
        places = np.flatnonzero(allowed[letters].all(axis=1))
        if len(places):
            made: bytes = letters[places[0]].tobytes()
            return (made + ENDING).decode()
    return None


def _unmix(values: Array) -> Array:
    """Undo `x ^ x >> 47`."""
    undone: Array = values ^ values >> np.uint64(47)
    return undone

"""Generate cells that are not amounts: seen and unseen categories, and documents made of training words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from iris_model.compiler.data import Cell, Row
from iris_model.contract.signature import Column
from iris_model.engine.rows import holds_numbers
from iris_model.engine.typed_rows import DATE_TYPES
from iris_model.readers import Graph

from .hashed import find_known_texts

# Strings that training did not contain, and that often cause bugs: empty, blank, composed and decomposed accents,
# case changes that change length, other scripts and digits, joiners, and characters beyond 16 bits.
STRANGE_TEXTS = (
    "",
    " ",
    "a",
    "never seen before",
    "  two  spaces\tand\nlines ",
    "Caf\u00e9 cafe\u0301 na\u00efve \u00c5ngstr\u00f6m",
    "\u0130stanbul Stra\u00dfe \ufb01ne \u01c4",
    "\u65e5\u672c\u8a9e \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0639\u0631\u0628\u064a \u0e44\u0e17\u0e22",
    "under_score x\u00b2 \u2163 \u0664\u0665 don't e-mail@host.example 3.14",
    "\U0001f600 \U0001d49c\U0001d49e z\u200dz \u00a0nbsp\u2003em",
)
DOCUMENT_WORDS = 12
DOCUMENTS = 96
DATES = 200
# Rows and names for a FeatureHasher.
FEATURES = 400


@dataclass(frozen=True)
class Pool:
    """Seen and unseen cells of one column."""

    seen: Sequence[Cell]
    unseen: Sequence[Cell]


def find_pools(graph: Graph) -> dict[int, Pool]:
    """Return a pool for each column whose cells are not amounts."""
    pools = {}
    hashed = find_known_texts(graph)
    for index, column in enumerate(graph.signature["columns"]):
        if "json" in column:
            pools[index] = Pool(_features(column["json"]), ())
        elif column["dtype"] in DATE_TYPES:
            pools[index] = Pool(_dates(), ())
        elif column["kind"] == "text":
            pools[index] = Pool(_documents(graph), STRANGE_TEXTS)
        elif column["kind"] == "categorical":
            pools[index] = _categories(column, hashed.get(column["name"], ()))
            if column["dtype"] == "category" and column["name"] in _refusing(graph):
                # XGBoost refuses unseen categories, except for "" and prefixes of categories. A compiled model refuses
                # all of them.
                pools[index] = Pool(pools[index].seen, ())
    return pools


def _refusing(graph: Graph) -> set[str]:
    """Return the columns whose unseen categories are refused."""
    tables = [table for node in graph.nodes if node.op == "look_up" for table in node.attributes["columns"]]
    return {table["name"] for table in tables if "unknown" not in table}


def fill_cells(rows: list[Row], pools: dict[int, Pool], random: np.random.RandomState) -> list[Row]:
    """Fill the columns that have a pool with seen cells."""
    for index, pool in pools.items():
        for row, chosen in zip(rows, random.randint(len(pool.seen), size=len(rows)).tolist(), strict=True):
            row[index] = pool.seen[chosen]
    return rows


def unseen_rows(ordinary: Sequence[Row], pools: dict[int, Pool]) -> list[Row]:
    """Return rows with one unseen cell each."""
    rows = []
    for index, pool in pools.items():
        for row, cell in zip(ordinary, pool.unseen, strict=False):
            rows.append([*row[:index], cell, *row[index + 1 :]])
    return rows


def _categories(column: Column, hashed: Sequence[str]) -> Pool:
    """Return the pool of a column. `hashed`: strings with the hashes of training, if the model has no others."""
    if column["dtype"] == "bool":
        return Pool((0.0, 1.0), ())
    if holds_numbers(column):
        numbers = [float(one) for one in column["categories"]] or [0.0]
        others = [max(numbers) + 1, min(numbers) - 1, numbers[0] + 0.5, float(np.nextafter(numbers[-1], np.inf)), 1e300]
        return Pool(numbers, [cell for cell in others if cell not in numbers])
    # True is not a number here: a request sends true, and the column treats it as 1.
    seen: list[Cell] = [one if isinstance(one, str) else float(one) for one in column["categories"]]
    if column["dtype"] == "object" and column.get("optional") and not column.get("dropped"):
        seen += [1.0, -2.5, 0.0]
    seen = [*seen, *hashed] or ["any", ""]
    texts = [one for one in seen if isinstance(one, str)]
    unseen = [*STRANGE_TEXTS, *(f"{one} " for one in texts[:3]), *(one.upper() for one in texts[:3])]
    return Pool(seen, [cell for cell in unseen if cell not in seen])


def _dates() -> list[str]:
    """Return times of all years of a lifetime, and the first and last days of months, quarters, years and weeks."""
    random = np.random.RandomState(0)
    first = datetime(1970, 1, 1)
    days = [first + timedelta(seconds=int(second)) for second in random.randint(2**31 - 1, size=DATES)]
    ends = [datetime(year, month, 1) for year in (1999, 2000, 2024, 2025, 2100) for month in range(1, 13)]
    days += [moment for end in ends for moment in (end, end - timedelta(seconds=1), end + timedelta(days=6))]
    # One form for all: the original refuses a column with several ones.
    return [moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in days]


def _documents(graph: Graph) -> list[str]:
    """Return documents of words of the vectorizers, joined in various ways."""
    random = np.random.RandomState(len(graph.nodes))
    words = sorted(set(_words(graph))) or ["some", "word", "another"]
    documents = list(STRANGE_TEXTS)
    for joint in (" ", " ", ", ", ""):
        for _ in range(DOCUMENTS // 4):
            chosen = [words[place] for place in random.randint(len(words), size=random.randint(1, DOCUMENT_WORDS))]
            documents.append(joint.join(word.title() if random.uniform() < 0.2 else word for word in chosen))
    return documents


def _features(form: str) -> list[str]:
    """Return JSON texts of features for a FeatureHasher: any names, with numbers and strings as values."""
    random = np.random.RandomState(0)
    names = [*STRANGE_TEXTS, *(f"feature {number}" for number in range(FEATURES))]
    values = [1, 0, -2, 2.5, 1e-3, 1e6, True, *STRANGE_TEXTS[:6]]
    rows = []
    for size in [0, 1, 1, *random.randint(1, DOCUMENT_WORDS, size=FEATURES)]:
        chosen = [names[place] for place in random.randint(len(names), size=size)]
        pairs = [
            (name, values[place]) for name, place in zip(chosen, random.randint(len(values), size=size), strict=True)
        ]
        rows.append(json.dumps({"dict": dict(pairs), "pair": pairs, "string": chosen}[form]))
    return rows


def _words(graph: Graph) -> Iterator[str]:
    for node in graph.nodes:
        yield from node.attributes.get("vocabulary", ())
        yield from node.attributes.get("stop_words", None) or ()

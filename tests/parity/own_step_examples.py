"""Steps of a user, as `iris_model.step` takes them. The tests compile them, and check which are refused."""

from __future__ import annotations

import math
from collections import Counter
from os import environ as unused_environ  # noqa: F401 - a step that does not use it does not carry it

import numpy as np

import iris_model

LEAST = 0.25
TABLE = {"Bonn": 1.0, "Lima": 2.0}


def _log(value):
    return math.log(max(value, LEAST))


@iris_model.step
def add_ratio(rows):
    """The columns, and the logarithm of their ratio."""
    return [[*row, _log(row[0]) - _log(row[1])] for row in rows]


@iris_model.step
def number_cities(rows):
    # Strings and missing cells come in, numbers go out.
    return [[TABLE.get(city, 0.0) if city is not None else -1.0, x] for city, x in rows]


@iris_model.step
def join_texts(rows):
    return [[f"{city}-{int(x > 0)}" if city is not None else None, x] for city, x in rows]


@iris_model.step
class Clip:
    """Learns limits."""

    def __init__(self, share=0.1):
        self.share = share

    def fit(self, rows, y=None):
        self.limits_ = []
        for cells in zip(*rows, strict=True):
            known = sorted(cell for cell in cells if cell is not None)
            self.limits_.append([known[int(len(known) * self.share)], known[-1 - int(len(known) * self.share)]])
        return self

    def transform(self, rows):
        return [
            [
                None if cell is None else min(max(cell, low), high)
                for cell, (low, high) in zip(row, self.limits_, strict=True)
            ]
            for row in rows
        ]


@iris_model.step
def rank_in_batch(rows):
    most = Counter(row[0] for row in rows).most_common(1)[0][0]
    return [[row[0] - most] for row in rows]


@iris_model.step
def invert(rows):
    return [[1 / row[0]] for row in rows]


@iris_model.step
def with_numpy(rows):
    return np.asarray(rows).tolist()


@iris_model.step
def with_local_import(rows):
    import pandas

    return pandas.DataFrame(rows).to_numpy().tolist()


if LEAST > 0:  # noqa: SIM108
    TWICE = 1.0
else:
    TWICE = 2.0
TWICE = TWICE * 2


@iris_model.step
def with_changing_name(rows):
    return [[row[0] * TWICE] for row in rows]


CHANGED = {"a": 1.0}
CHANGED["a"] = 2.0


@iris_model.step
def with_changed_table(rows):
    return [[row[0] * CHANGED["a"]] for row in rows]


@iris_model.step
class KeepsObjects:
    def fit(self, rows, y=None):
        self.kept_ = {1: "a", (2, 3): "b"}
        return self

    def transform(self, rows):
        return rows


FILLED = {"a": 1.0}


def _fill(table):
    table["b"] = 2.0


_fill(FILLED)


@iris_model.step
def with_filled_table(rows):
    return [[row[0] * FILLED["a"]] for row in rows]


if LEAST:

    def pow(base, exponent):
        return math.pow(base, exponent)


@iris_model.step
def with_other_pow(rows):
    return [[pow(row[0], 2)] for row in rows]


@iris_model.step
class KeepsCounter:
    def fit(self, rows, y=None):
        self.counts_ = {"all": Counter(str(row[0]) for row in rows)}
        return self

    def transform(self, rows):
        return [[float(self.counts_["all"][str(row[0])])] for row in rows]


@iris_model.step
class Scale:
    def __init__(self, scale=2.0):
        self.scale = scale

    def transform(self, rows):
        return [[row[0] / self.scale] for row in rows]


@iris_model.step
class FirstPrefix:
    """The order of its table decides."""

    def fit(self, rows, y=None):
        self.table_ = {"9": 1.0, "1": 2.0, "1.": 3.0, "": 4.0, "0": 5.0}
        return self

    def transform(self, rows):
        return [[next(number for text, number in self.table_.items() if str(row[0]).startswith(text))] for row in rows]


def power(value):
    return value + 1.0


@iris_model.step
def with_shadowed_names(rows):
    def inner(row):
        power = 2.0
        return row[0] * power

    return [[power(inner(row))] for row in rows]


LAST = "behind a form feed"


@iris_model.step
def behind_a_form_feed(rows):
    return [[row[0] + len(LAST)] for row in rows]

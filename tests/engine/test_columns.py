"""The kernels that pack columns and number labels: as the encoder and the operators do it, or not at all."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from iris_model.engine import native
from iris_model.engine.model import RowsView
from iris_model.engine.operators.labels import argmax_label, threshold_label, threshold_label_inclusive
from iris_model.engine.operators.linear import linear
from iris_model.engine.packed import Table
from iris_model.engine.rows import RowEncoder

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

NAN, INFINITY = math.nan, math.inf
LIMIT = 3.4028235677973362e38


@pytest.fixture(autouse=True)
def _kernels_found() -> Iterator[None]:
    native._found[:] = [kernels]
    yield
    native._found.clear()


def packed(cells: Any, width: int = 2, missing: bytes = b"\0\1", limits: Any = None) -> list[float] | None:
    made = kernels.pack_columns(cells, [LIMIT] * width if limits is None else limits, missing)
    return None if made is None else array("d", made).tolist()


@pytest.mark.parametrize("dtype", "b B h H i I l L q Q f d ?".split())
@pytest.mark.parametrize("rows", [1, 3, 511, 512, 513, 1200])
def test_every_type_of_number(dtype: str, rows: int) -> None:
    table = (np.arange(rows * 2).reshape(rows, 2) % 100).astype(dtype)
    expected = table.astype(float).ravel().tolist()
    for layout in (table, np.asfortranarray(table), table[:, ::-1][:, ::-1], np.repeat(table, 3, axis=0)[::3]):
        assert packed(layout) == expected
        assert packed((layout[:, 0], layout[:, 1])) == expected
    assert packed((table[:, 0], table[:, 1].astype(float))) == expected


@pytest.mark.parametrize("cell", [0.0, -0.0, 5e-324, NAN, INFINITY, -INFINITY, LIMIT, 1e39, 2.0**53 + 2])
@pytest.mark.parametrize("missing", [False, True])
def test_packing_is_encoding(cell: float, missing: bool) -> None:
    encoder = RowEncoder([{"name": name, "kind": "numeric", "dtype": "float32", "missing": missing} for name in "ab"])
    made = packed(np.array([[1.0, 2.0], [cell, 3.0]]), missing=encoder.missing)
    try:
        expected = [value for row in encoder.encode([[1.0, 2.0], [cell, 3.0]]) for value in row]
    except ValueError:
        assert made is None
        return
    assert made is not None
    assert list(map(repr, made)) == list(map(repr, expected))


@pytest.mark.parametrize(
    "cells",
    [
        np.zeros((0, 2)), np.zeros((3, 1)), np.zeros(4), np.zeros((2, 2, 2)), np.array([["1", "2"]]), np.zeros((2, 2), ">f8"),
        np.zeros((2, 2), "f2"), np.zeros((2, 2), "c16"), np.array([[None, 1]]), np.zeros((2, 2), "M8[s]"), [[1.0, 2.0]], None,
        (),
        (np.zeros(2),), (np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros((2, 2))), (np.zeros(2), [0.0, 0.0]),
        (np.zeros(2), None),
        (np.zeros(2), np.array(0.0)), (np.zeros(0), np.zeros(0)), b"12345678", np.zeros((2, 2), [("a", "f8")]),
    ],
)  # fmt: skip
def test_anything_else_is_declined(cells: Any) -> None:
    assert packed(cells) is None


def test_limits_that_do_not_fit_are_declined() -> None:
    table = np.zeros((2, 2))
    assert packed(table, limits=[LIMIT]) is None
    assert packed(table, limits=[LIMIT, None]) is None
    assert packed(table, limits=[LIMIT, NAN]) is None
    assert packed(table, missing=b"\0") is None
    assert packed(table, missing=b"") is None


@pytest.mark.parametrize("rows", [[[1.0, 3.0], [2.0, 2.0], [-1.0, -2.0]], [[NAN, 1.0]], [[0.0, NAN]]])
def test_label_indices_match_python(rows: list[list[float]]) -> None:
    table = Table(array("d", [cell for row in rows for cell in row]).tobytes(), 2)
    made = kernels.label_places(table, 2, NAN, False)
    if any(cell != cell for row in rows for cell in row):
        assert made is None
    else:
        assert array("q", made).tolist() == argmax_label(rows, classes=[0, 1])
    assert kernels.label_places(table, 1, NAN, False) is None


@pytest.mark.parametrize("threshold", [0.0, 0.5, -INFINITY])
def test_labels_by_a_threshold(threshold: float) -> None:
    rows = [[-1.0], [0.0], [0.5], [0.6], [INFINITY]]
    table = Table(array("d", [row[0] for row in rows]).tobytes(), 1)
    for inclusive, operator in ((False, threshold_label), (True, threshold_label_inclusive)):
        made = array("q", kernels.label_places(table, 2, threshold, inclusive)).tolist()
        assert made == operator(rows, classes=[0, 1], threshold=threshold)
    assert kernels.label_places(table, 3, threshold, False) is None
    assert kernels.label_places([[1.0]], 2, threshold, False) is None
    assert kernels.label_places(Table(array("d", [NAN]).tobytes(), 1), 2, threshold, False) is None


def test_the_first_row_leaves_the_others_packed() -> None:
    table = Table(array("d", range(40)).tobytes(), 2)
    assert table[0] == [0.0, 1.0]
    assert table._lists is None
    made = linear(table, coefficients=RowsView([1.0, 2.0], 1, 2), intercepts=[0.0])  # type: ignore[arg-type]
    assert isinstance(made, Table)
    assert table._lists is None
    assert table[1] == [2.0, 3.0]

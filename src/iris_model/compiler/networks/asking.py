"""Ask onnxruntime for answers as plain values: the original of a compiled ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.contract.signature import Signature
from iris_model.readers.opening.onnx import OpenedOnnx

LIMITS = {"int64": 2**63, "int32": 2**31}


class RefusedRow(Exception):
    """A cell does not fit the type of its input: onnxruntime would not get it."""


class OnnxOriginal:
    """onnxruntime with the interface of `Original`. `signature`: that of the description, with the name of each tensor."""

    estimator = None
    lacks_pandas = False

    def __init__(self, model: OpenedOnnx, signature: Signature) -> None:
        self._model = model
        self._signature = signature

    def evaluate(self, rows: Sequence[Row], methods: Sequence[str]) -> dict[str, list[Any]]:
        """Return each method's answers for the rows. Raises what onnxruntime raises, and RefusedRow."""
        self._check(rows)
        cells = [[np.nan if cell is None else cell for cell in row] for row in rows]
        answers = self._model.run(cells)
        return {method: self._plain(method, answers[method]) for method in methods}

    def whole_columns(self, width: int) -> list[bool]:
        """Return for each column whether it takes only whole numbers."""
        found = [feed["dtype"] in LIMITS for feed in self._model.feeds for _ in range(feed["columns"] or 1)]
        return found[:width]

    def _check(self, rows: Sequence[Row]) -> None:
        place = 0
        for feed in self._model.feeds:
            width = feed["columns"] or 1
            if feed["dtype"] in (*LIMITS, "bool"):
                for row in rows:
                    for cell in row[place : place + width]:
                        self._check_cell(cell, feed["dtype"])
            place += width

    @staticmethod
    def _check_cell(cell: Any, dtype: str) -> None:
        if dtype == "bool":
            if cell not in (0, 1):
                raise RefusedRow(f"{cell!r} is neither true nor false")
        elif cell is None or cell != np.floor(cell) or not -LIMITS[dtype] <= cell < LIMITS[dtype]:
            raise RefusedRow(f"{cell!r} is not a whole number of {dtype}")

    def _plain(self, method: str, value: Any) -> list[Any]:
        if isinstance(value, list):
            classes = self._signature["classes"] or []
            return [[row[label] for label in classes] for row in value]
        flat = method == "predict" and value.size == len(value)
        found: list[Any] = (value.ravel() if flat else value).tolist()
        return found

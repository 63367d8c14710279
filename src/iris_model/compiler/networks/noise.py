"""The rounding noise of a network: how far its answers move if every value of every step is rounded differently.

onnxruntime adds float32 numbers in an order that depends on the processor, so its sums differ from the exact ones by a
part of what was added up. Here the program runs several times. Each time the inputs of each step move by one rounding,
and the results by a few roundings of their terms. A difference of at most a few times the largest movement is rounding
noise; it is computed only for rows whose answers differ by more than the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iris_model.compiler.data import Row
from iris_model.engine import InvalidInput
from iris_model.engine.operators.networks.arrays import Array
from iris_model.engine.operators.networks.indexing import FUNCTIONS as CHOOSING
from iris_model.engine.operators.networks.running import Program, _feed
from iris_model.engine.operators.networks.shaping import FUNCTIONS as MOVING
from iris_model.readers import Node

from .arrays import Tensor, to_engine, to_numpy

SEED, DRAWS = 20261130, 8
# A difference may be this many times the largest movement.
MARGIN = 4.0
UNIT = 2.0**-23
# The square of a larger number overflows in float32.
LARGEST_SQUARED = 1e18
# Steps that add: their rounding errors are a part of the sum of the magnitudes of their terms.
SUMS = (
    "Add AveragePool Conv Dense Gemm GlobalAveragePool MatMul Mean ReduceMean ReduceSum Sub Sum LinearRegressor "
    "TreeEnsembleRegressor TreeEnsembleClassifier TreeEnsemble LinearClassifier SVMClassifier SVMRegressor"
).split()
# Steps that onnxruntime approximates relative to 1, the largest result, and not to the result itself.
RELATIVE_TO_ONE = (
    "Sigmoid",
    "Erf",
    "Tanh",
    "Gelu",
    "LSTM",
    "GRU",
    "RNN",
    "Softmax",
    "LogSoftmax",
    "Softplus",
    "HardSigmoid",
)

# How many inputs move. An exponent is exact, and the power of a negative number has no neighbors.
MOVED = {"Pow": 1}


class NetworkNoise:
    """Runs the program of a `run_network` node with moved values."""

    def __init__(self, node: Node) -> None:
        given = {**node.attributes, **{name: _as_stored(value) for name, value in node.tensors.items()}}
        tensors = {name: given.get(name, ()) for name in ("floats", "doubles", "wholes")}
        self._ops = [step[0] for step in given["steps"]]
        self._program = Program(given["steps"], given["constants"], tensors, given["texts"])
        self._feeds, self._names, self._results = given["feeds"], given["names"], given["results"]
        self._one_row = given["one_row"]

    def draw(self, rows: Sequence[Row]) -> list[list[Tensor]]:
        """Return the results with moved values, one list per draw."""
        cells = [[np.nan if cell is None else cell for cell in row] for row in rows]
        blocks = [[row] for row in cells] if self._one_row else [cells]
        drawn = []
        for number in range(DRAWS):
            random = np.random.default_rng(SEED + number)
            parts = [self._run(_feed(block, self._feeds, self._names, 0), random) for block in blocks]
            drawn.append([np.concatenate(each) for each in zip(*parts, strict=True)])
        return drawn

    def overflows(self, row: Row) -> bool:
        """Whether a square of some value is beyond float32: onnxruntime may overflow where the engine does not."""
        cells = [[np.nan if cell is None else cell for cell in row]]
        try:
            values = self._program.run(_feed(cells, self._feeds, self._names, 0))
        except InvalidInput:
            return False
        found = [to_numpy(value) for value in values if value is not None and value.kind in "fd"]
        return any(not np.isfinite(value).all() or np.abs(value).max(initial=0.0) > LARGEST_SQUARED for value in found)

    def _run(self, fed: dict[int, Array], random: np.random.Generator) -> list[Tensor]:
        values: list[Any] = list(self._program.values)
        for place, value in fed.items():
            values[place] = value
        with np.errstate(all="ignore"):
            for op, (function, inputs, outputs, attributes) in zip(self._ops, self._program.steps, strict=True):
                given = [values[place] for place in inputs]
                if op not in MOVING and op not in CHOOSING:
                    given = [_moved(value, random) for value in given[: MOVED.get(op)]] + given[
                        MOVED.get(op, len(given)) :
                    ]
                made = function(given, attributes)
                if op not in MOVING and op not in CHOOSING:
                    sized: list[Any] = [_magnitudes(value) for value in given]
                    terms = function(sized, attributes) if op in SUMS else made
                    to_one = op in RELATIVE_TO_ONE or attributes.get("post_transform", "NONE") not in ("NONE", 0)
                    to_one = to_one or "prob_a" in attributes
                    made = [_rounded(one, size, random, to_one=to_one) for one, size in zip(made, terms, strict=True)]
                for place, value in zip(outputs, made, strict=False):
                    if place >= 0:
                        values[place] = value
        return [to_numpy(values[place]) for place in self._results]


def _as_stored(value: Tensor) -> Any:
    return memoryview(np.ascontiguousarray(value).data) if value.dtype.kind == "f" else value.tolist()


def _moved(value: Array | None, random: np.random.Generator) -> Array | None:
    if value is None or value.kind != "f":
        return value
    cells = to_numpy(value)
    return to_engine(cells + cells * (random.random(cells.shape, np.float32) - np.float32(0.5)) * np.float32(UNIT))


def _magnitudes(value: Array | None) -> Array | None:
    return value if value is None or value.kind != "f" else to_engine(np.abs(to_numpy(value)))


def _rounded(value: Array, terms: Array, random: np.random.Generator, *, to_one: bool) -> Array:
    if value.kind != "f":
        return value
    cells, size = to_numpy(value), np.abs(to_numpy(terms))
    if to_one:
        size = np.maximum(size, 1.0)
    return to_engine(cells + size * (random.random(cells.shape, np.float32) - np.float32(0.5)) * np.float32(2 * UNIT))

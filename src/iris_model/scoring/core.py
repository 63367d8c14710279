"""The batch core: columns to arrays of answers, equal to the answers of a request with these rows.

Numbers go into the kernels without an object per cell, and answers come back as arrays. Other cells, and what the
kernels decline, are answered as in a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from iris_model.engine.errors import InvalidInput
from iris_model.engine.model import MANY_ROWS, CompiledModel
from iris_model.engine.native import find_kernels, require_kernels
from iris_model.engine.packed import NAN, Table
from iris_model.engine.rows import holds_numbers

from .columns import Batch, Columns, as_list
from .inputs import Layout

# The answer of one method: an array with one entry per row, or a list of arrays if there are several targets.
Answer = Any

# The number of cells and rows packed at a time, to limit memory; for lists, the number of rows.
PART_CELLS = 1 << 18
PART_ROWS = 1 << 14

# Operators whose classes are selected by position, and whether the threshold itself is the second class.
LABELS = {"argmax_label": False, "threshold_label": False, "threshold_label_inclusive": True}


class Evaluator(Protocol):
    """An executor that answers rows: the compiled model, or another one."""

    @property
    def signature(self) -> Any:
        """What the model takes and answers."""

    source: Any
    outputs: Any

    def evaluate(self, rows: list[Any], outputs: tuple[str, ...]) -> list[Any]:
        """Return the values of several outputs as lists."""


class BatchCore:
    """Answers batches. Safe for several threads: no state is kept between calls."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.signature: Mapping[str, Any] = evaluator.signature
        self.layout = Layout(self.signature)
        self._is_compiled = isinstance(evaluator, CompiledModel)
        self._ways: dict[str, _Way] = {}

    def answer(self, batch: Batch, methods: Sequence[str]) -> list[Answer]:
        """Return the answers of several methods for one batch. Raises InvalidInput with the row's number in the batch."""
        if not batch.count:
            return [self.empty(method) for method in methods]
        wholes: list[Answer] = []
        for start, part in self._split(batch):
            answers = self._answer_part(part, start, methods)
            if part.count == batch.count:
                return answers
            wholes = wholes or [_make_room(answer, batch.count) for answer in answers]
            wholes = [_fill(whole, answer, start) for whole, answer in zip(wholes, answers)]
        return wholes

    def empty(self, method: str) -> Answer:
        """Return the answer for zero rows."""
        promised = self.signature.get("outputs", {}).get(method, {})
        columns = promised.get("columns", 1)
        if isinstance(columns, list):
            return [np.zeros((0, count)) for count in columns]
        shape = (0,) if columns == 1 and method != "transform" else (0, columns)
        if promised.get("kind") == "label":
            classes = self.signature.get("classes") or []
            return np.zeros(shape, as_labels(classes).dtype if classes else float)
        return np.zeros(shape)

    def _split(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        """Yield parts of similar size: a small rest would be answered by another code path."""
        packs = isinstance(batch, Columns) and self.layout.has_numbers_only
        most = min(PART_ROWS, max(MANY_ROWS, PART_CELLS // max(1, self.layout.width))) if packs else PART_ROWS
        count = -(-batch.count // most)
        if count == 1:
            yield 0, batch
            return
        for place in range(count):
            start, stop = place * batch.count // count, (place + 1) * batch.count // count
            yield start, batch.slice(start, stop)

    def _answer_part(self, part: Batch, start: int, methods: Sequence[str]) -> list[Answer]:
        try:
            table = self._pack(part) if self._is_compiled and part.count >= MANY_ROWS else None
            if table is None:
                found = self.evaluator.evaluate(part.rows(), tuple(methods))
                return [as_array(value) for value in found]
            return self._ask_compiled(table, methods)
        except InvalidInput as error:
            raise shift_row(error, start) from None

    def _pack(self, part: Batch) -> Any:
        """Return the packed table, or None if Python must check the cells one by one."""
        if not isinstance(part, Columns) or find_kernels() is None:
            return None
        if not self.layout.has_numbers_only:
            return self._check_columns(part)
        cells = part.cells
        if not isinstance(cells, np.ndarray):
            if any(isinstance(each, list) for each in cells):
                return None
            cells = tuple(_readable(np.asarray(each)) for each in cells)
        else:
            cells = _readable(cells)
        packed = require_kernels().pack_columns(cells, self.layout.limits, self.layout.missing)
        return None if packed is None else Table(packed, self.layout.width)

    def _check_columns(self, part: Columns) -> list[list[Any]] | None:
        """Return rows of strings and numbers, checked column by column; None if the encoder must check a cell."""
        columns = []
        for cells, column, limit in zip(part.cells, self.layout.columns, self.layout.limits):
            if isinstance(cells, np.ndarray):
                if not holds_numbers(column):
                    return None
                numbers = cells.astype(float)
                absent = np.isnan(numbers)
                if (absent.any() and not column.get("missing")) or not (absent | (abs(numbers) <= limit)).all():
                    return None
                columns.append(numbers.tolist())
            else:
                takes = {str, type(None)} if column.get("missing") else {str}
                if holds_numbers(column) or not takes.issuperset(map(type, cells)):
                    return None
                columns.append(as_list(cells))
        return list(map(list, zip(*columns)))

    def _ask_compiled(self, table: Any, methods: Sequence[str]) -> list[Answer]:
        ways = [self._ways.get(method) or self._find_way(method) for method in methods]
        found = self.evaluator.evaluate_values(table, tuple(way.value for way in ways))  # type: ignore[attr-defined]
        answers = []
        for way, value in zip(ways, found):
            answer = way.finish(value) if isinstance(value, Table) else None
            if answer is None:
                if way.value != way.output:
                    value = self.evaluator.evaluate_values(table, (way.output,))[0]  # type: ignore[attr-defined]
                answer = as_array(value)
            answers.append(answer)
        return answers

    def _find_way(self, method: str) -> _Way:
        compiled: Any = self.evaluator
        if method not in compiled.outputs:
            raise AttributeError(f"this model has no {method}; it has {', '.join(compiled.outputs)}")
        way = self._ways[method] = _Way(compiled.graph, compiled.outputs[method])
        return way


class _Way:
    """How one output is computed: the value of the graph to evaluate, and the last step on arrays.

    The graph's own last step would make a Python object for each row.
    """

    def __init__(self, graph: Mapping[str, Any], output: str) -> None:
        self.output = self.value = output
        self._last = ""
        node = next((each for each in graph["nodes"] if each["output"] == output), None)
        if node is None or node.get("tensors") or node["op"] not in (*LABELS, "column"):
            return
        attributes = node.get("attributes", {})
        self._last, self.value = node["op"], node["inputs"][0]
        self._index = attributes.get("index", 0)
        if self._last in LABELS:
            classes = attributes["classes"]
            self._classes = as_labels(classes)
            self._count = len(classes)
            self._threshold = NAN if self._last == "argmax_label" else float(attributes.get("threshold", 0.0))

    def finish(self, table: Table) -> Answer:
        """Return the answer, or None if only the graph's own last step can compute it."""
        if self._last in LABELS:
            places = require_kernels().label_places(table, self._count, self._threshold, LABELS[self._last])
            return None if places is None else self._classes[np.frombuffer(places, np.int64)]
        rows = as_matrix(table)
        return rows[:, self._index].copy() if self._last else rows.copy()


def as_matrix(table: Table) -> np.ndarray[Any, Any]:
    """Return a view of a table's numbers: rows x width."""
    return np.frombuffer(table.data, float).reshape(-1, table.width)


def as_array(value: Any) -> Answer:
    """Return answers of a request as an array; a list of arrays if each row has lists for several targets."""
    if isinstance(value, Table):
        return as_matrix(value).copy()
    listed = list(value)
    first = listed[0] if listed else None
    if isinstance(first, list) and first and isinstance(first[0], list):
        return [np.array([row[target] for row in listed], float) for target in range(len(first))]
    if isinstance(first, dict):
        raise InvalidInput("the answers are sparse rows; expected rows with a cell for each column")
    if isinstance(first, list):
        cells = as_labels([cell for row in listed for cell in row])
        return cells.reshape(len(listed), len(first)) if all(len(row) == len(first) for row in listed) else listed
    return as_labels(listed)


def as_labels(labels: list[Any]) -> np.ndarray[Any, Any]:
    """Return labels or numbers as an array of their type, as in `classes_` of scikit-learn; mixed types give objects."""
    kinds = set(map(type, labels))
    if kinds <= {float, int} and float in kinds:
        return np.array(labels, float)
    if len(kinds) == 1 and kinds <= {str, int, bool}:
        try:
            array = np.array(labels)
            if array.dtype.kind in "Uib" and not (
                array.dtype.kind == "U" and any(each[-1:] == "\0" for each in labels)
            ):
                return array
        except OverflowError:
            pass
    array = np.empty(len(labels), object)
    array[:] = labels
    return array


def _make_room(answer: Answer, count: int) -> Answer:
    """Return an answer for all rows, from that of the first part. To join parts in the end would need twice the memory."""
    if isinstance(answer, list):
        return [_make_room(each, count) for each in answer]
    return np.empty((count, *answer.shape[1:]), answer.dtype)


def _fill(whole: Answer, answer: Answer, start: int) -> Answer:
    """Return the whole with the answer of a part. Strings of a later part may be longer."""
    if isinstance(answer, list):
        return [_fill(each, part, start) for each, part in zip(whole, answer)]
    if whole.dtype != answer.dtype:
        whole = whole.astype(np.result_type(whole, answer))
    whole[start : start + len(answer)] = answer
    return whole


def join(parts: list[Answer]) -> Answer:
    """Concatenate parts of an answer."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], list):
        return [np.concatenate(each) for each in zip(*parts)]
    return np.concatenate(parts)


def shift_row(error: InvalidInput, offset: int) -> InvalidInput:
    """Return the error with its row counted from the start of the whole input."""
    if error.row is None or not offset:
        return error
    message = str(error).replace(f"row {error.row}", f"row {error.row + offset}", 1)
    return InvalidInput(
        message, row=error.row + offset, feature=error.feature, expected=error.expected, problem=error.problem
    )


def _readable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array that the kernel can read: not of half or long precision, and in native byte order."""
    can_read = array.dtype.isnative and array.dtype != np.float16 and array.dtype.itemsize <= 8
    return array if can_read else array.astype(float)

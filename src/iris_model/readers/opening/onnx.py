"""Open an ONNX model with onnxruntime, and determine its inputs and outputs.

An ONNX file names tensors, not methods. The tensor of labels is `predict`; the tensor after it contains the
probabilities or decisions. A single numeric tensor is the prediction of a regressor. ONNX files contain no executable
code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.contract.signature import Column, ColumnKind, Feed
from iris_model.errors import ModelFileError, UnsupportedModel

from .onnx_files import find_external_files

LIBRARY = "onnxruntime"

# Type of an input -> numpy's name of the cell type, and the column's kind and dtype in a signature.
INPUT_TYPES: dict[str, tuple[str, ColumnKind, str]] = {
    "tensor(float)": ("float32", "numeric", "float32"),
    "tensor(double)": ("float64", "numeric", "float64"),
    "tensor(int64)": ("int64", "numeric", "float64"),
    "tensor(int32)": ("int32", "numeric", "float64"),
    "tensor(bool)": ("bool", "numeric", "bool"),
    "tensor(string)": ("object", "text", "object"),
}
LABELS = ("tensor(int64)", "tensor(int32)", "tensor(string)", "tensor(bool)")
NUMBERS = ("tensor(float)", "tensor(double)")

Session = Any


@dataclass(frozen=True)
class OpenedOnnx:
    """An opened ONNX model. `tensors`: the output name of each method. `one_row`: it takes one row at a time."""

    session: Session
    feeds: tuple[Feed, ...]
    one_row: bool
    columns: list[Column]
    named: bool
    tensors: Mapping[str, str]
    producer: str
    version: str
    sha256: str

    def run(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return each method's answers as onnxruntime returns them."""
        if self.one_row and len(rows) > 1:
            parts = [self.run([row]) for row in rows]
            return {method: _join([part[method] for part in parts]) for method in self.tensors}
        return dict(zip(self.tensors, self.session.run(list(self.tensors.values()), self._feeds(rows)), strict=True))

    def _feeds(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        feeds, place = {}, 0
        for feed in self.feeds:
            width = feed["columns"] or 1
            part = np.array([row[place : place + width] for row in rows], feed["dtype"])
            feeds[feed["name"]] = part if feed["columns"] else part[:, 0]
            place += width
        return feeds


def _join(parts: list[Any]) -> Any:
    return [row for part in parts for row in part] if isinstance(parts[0], list) else np.concatenate(parts)


def open_onnx(path: Path, width: int | None = None) -> OpenedOnnx:
    """Open the file at `path`. Raises ModelFileError, and UnsupportedModel if its inputs are not rows.

    `width`: the number of columns of the user's rows, for a model that does not define it.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ModelFileError(
            f"{path} needs {LIBRARY}, which is not installed", remedy=f"pip install {LIBRARY}"
        ) from None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}", remedy="Check the path.") from None
    external = [path.parent / name for name in find_external_files(path)]
    for file in external:
        if not file.is_file():
            raise ModelFileError(
                f"{path} needs its weights in {file.name}, which is not in {file.parent}",
                remedy=f"Copy {file.name} there too. The export writes both files.",
            )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # By path if weights are in files next to it, because onnxruntime searches them there.
        model = str(path) if external else data
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime raises a different class for each error. In each case this is not a valid model.
        raise ModelFileError(
            f"{path} has {len(data)} bytes, and {LIBRARY} cannot open it: {_first_line(error)}",
            remedy="Export the model again (skl2onnx.to_onnx), and copy the file in binary mode.",
        ) from None
    digest = hashlib.sha256(data)
    for file in external:
        digest.update(file.read_bytes())
    feeds, one_row = _feeds(path, session, width)
    columns, named = _columns(session, feeds)
    return OpenedOnnx(
        session,
        feeds,
        one_row,
        columns,
        named,
        _tensors(path, session),
        session.get_modelmeta().producer_name or "an unknown exporter",
        onnxruntime.__version__,
        digest.hexdigest(),
    )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _feeds(path: Path, session: Session, width: int | None) -> tuple[tuple[Feed, ...], bool]:
    """Return the part of a row for each input, and whether the model takes one row at a time."""
    inputs = session.get_inputs()
    problems = [problem for item in inputs if (problem := _find_problem(item, len(inputs), width))]
    if not problems:
        fixed = {item.shape[0] for item in inputs if isinstance(item.shape[0], int)}
        if fixed - {1}:
            problems = [
                (
                    f"it takes exactly {max(fixed)} rows at once",
                    "Export it with any number of rows as its first dimension "
                    "(torch.onnx.export: dynamic_shapes=({0: 'rows'},)).",
                )
            ]
    if problems:
        raise UnsupportedModel([f"{path.name}: {problem}" for problem, _ in problems], remedy=problems[0][1])
    feeds = tuple(
        Feed(
            name=item.name,
            dtype=INPUT_TYPES[item.type][0],
            columns=0 if len(item.shape) == 1 else item.shape[1] if isinstance(item.shape[1], int) else width or 1,
        )
        for item in inputs
    )
    return feeds, any(item.shape[0] == 1 for item in inputs)


def _find_problem(item: Any, inputs: int, width: int | None) -> tuple[str, str] | None:
    """Return why an input is neither a column nor columns of a row, and what to do; or None."""
    shape = ", ".join(str(size) if isinstance(size, int) else "any" for size in item.shape)
    named = f"its input {item.name!r} is {item.type} of shape ({shape})"
    if item.type not in INPUT_TYPES:
        return (
            f"{named}; expected {', '.join(INPUT_TYPES)}",
            "Export it again with numbers of float32 or float64 as its input (skl2onnx.to_onnx(model, X[:1])).",
        )
    if len(item.shape) > 2:
        sizes = ", ".join(str(size) for size in item.shape[1:] if isinstance(size, int))
        return (
            f"{named}; expected rows: a list of values each",
            f"Reshape the rows inside the model, and export it again: in forward, rows.reshape(-1, {sizes}).",
        )
    if not item.shape:
        return (f"{named}: one number for all rows", "Make it a constant of the model, and export it again.")
    if len(item.shape) == 1 and isinstance(item.shape[0], int) and item.shape[0] != 1:
        return (
            f"{named}: it takes one row, without a batch dimension",
            "Export it with an example of two dimensions, rows and columns.",
        )
    if len(item.shape) == 2 and not isinstance(item.shape[1], int) and (inputs > 1 or width is None):
        return (
            f"{named}, which does not define its number of columns",
            "Pass sample rows with a header line: --data rows.csv"
            if inputs == 1
            else "Export it again with the number of columns fixed.",
        )
    return None


def _columns(session: Session, feeds: Sequence[Feed]) -> tuple[list[Column], bool]:
    """Return the columns of a row, and whether they have names.

    Columns have names if each input is one column, or if several inputs have names.
    """
    named = len(feeds) > 1
    columns: list[Column] = []
    for item, feed in zip(session.get_inputs(), feeds, strict=True):
        _, kind, dtype = INPUT_TYPES[item.type]
        if not named:
            names = [f"x{index}" for index in range(feed["columns"] or 1)]
        elif feed["columns"] <= 1:
            names = [feed["name"]]
        else:
            names = [f"{feed['name']}_{index}" for index in range(feed["columns"])]
        columns += [{"name": name, "kind": kind, "dtype": dtype, "missing": False} for name in names]
    return columns, named


def _tensors(path: Path, session: Session) -> dict[str, str]:
    outputs = session.get_outputs()
    labels = [item.name for item in outputs if item.type in LABELS]
    others = [item.name for item in outputs if item.type in NUMBERS or item.type.startswith("seq(map(")]
    if labels:
        return {"predict": labels[0], **({"predict_proba": others[0]} if others else {})}
    if len(others) != 1:
        found = ", ".join(f"{item.name} ({item.type})" for item in outputs)
        raise UnsupportedModel(
            [f"{path.name}: its outputs are {found}; expected a label, or one tensor of numbers"],
            remedy="Export it with one output. Several numbers per row can be one tensor (torch.cat of the outputs "
            "along the last axis).",
        )
    return {"predict": others[0]}

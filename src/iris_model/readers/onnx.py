"""Opens an ONNX model with onnxruntime and finds out what it takes and what it answers.

An ONNX file names tensors, not methods: the label is predict, what follows it the probabilities or the decisions, and a
single tensor of numbers the prediction of a regressor. Nothing in such a file runs code of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.errors import ModelFileError, UnsupportedModel

LIBRARY = "onnxruntime"

# Type of an input -> what holds its cells, and what a column of it is in a signature.
INPUT_TYPES: dict[str, tuple[Any, str, str]] = {
    "tensor(float)": (np.float32, "numeric", "float32"),
    "tensor(double)": (np.float64, "numeric", "float64"),
    "tensor(int64)": (np.int64, "numeric", "float64"),
    "tensor(string)": (object, "text", "object"),
}
LABELS = ("tensor(int64)", "tensor(string)", "tensor(bool)")
NUMBERS = ("tensor(float)", "tensor(double)")

Session = Any


@dataclass(frozen=True)
class OnnxModel:
    """An opened ONNX model. `tensors`: the name of the output behind each method."""

    session: Session
    columns: list[dict[str, Any]]
    named: bool
    tensors: Mapping[str, str]
    producer: str
    version: str
    sha256: str

    def run(self, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Return each method's answers as onnxruntime gives them."""
        inputs = self.session.get_inputs()
        if self.named:
            feeds = {
                item.name: np.array([[row[index]] for row in rows], INPUT_TYPES[item.type][0])
                for index, item in enumerate(inputs)
            }
        else:
            feeds = {inputs[0].name: np.array(rows, INPUT_TYPES[inputs[0].type][0])}
        return dict(zip(self.tensors, self.session.run(list(self.tensors.values()), feeds), strict=True))


def open_onnx(path: Path) -> OnnxModel:
    """Open the file at `path`. Raises ModelFileError, and UnsupportedModel where its inputs are no rows."""
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
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime has a class of its own for each mistake; all of them mean that this is no model for it.
        raise ModelFileError(
            f"{path} has {len(data)} bytes, and {LIBRARY} cannot open it: {error}",
            remedy="Export the model again (skl2onnx.to_onnx), and copy the file in binary mode.",
        ) from None
    columns, named = _columns(path, session)
    return OnnxModel(
        session,
        columns,
        named,
        _tensors(path, session),
        session.get_modelmeta().producer_name or "an unknown exporter",
        onnxruntime.__version__,
        hashlib.sha256(data).hexdigest(),
    )


def _columns(path: Path, session: Session) -> tuple[list[dict[str, Any]], bool]:
    """One tensor with all columns, or one tensor per column, which then has a name."""
    inputs = session.get_inputs()
    reasons = [
        f"its input {item.name!r} is {item.type} of shape {item.shape}; expected one of {', '.join(INPUT_TYPES)}"
        for item in inputs
        if item.type not in INPUT_TYPES or len(item.shape) != 2 or not isinstance(item.shape[1], int)
    ]
    if not reasons and len(inputs) > 1:
        reasons = [
            f"its input {item.name!r} has {item.shape[1]} columns; expected one tensor with all columns, or one per column"
            for item in inputs
            if item.shape[1] != 1
        ]
    if reasons:
        raise UnsupportedModel(
            [f"{path.name}: {reason}" for reason in reasons],
            remedy="Export it again with rows of numbers as input (skl2onnx.to_onnx(model, X[:1]))",
        )
    named = len(inputs) > 1
    names = [item.name for item in inputs] if named else [f"x{index}" for index in range(inputs[0].shape[1])]
    kinds = [INPUT_TYPES[item.type] for item in inputs] if named else [INPUT_TYPES[inputs[0].type]] * len(names)
    columns = [
        {"name": name, "kind": kind, "dtype": dtype, "missing": False}
        for name, (_, kind, dtype) in zip(names, kinds, strict=True)
    ]
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
            remedy="Export the estimator as skl2onnx does it.",
        )
    return {"predict": others[0]}

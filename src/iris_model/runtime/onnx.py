"""The `onnxruntime` executor: an ONNX model, evaluated by onnxruntime inside the function.

Imports onnxruntime and numpy, and only this file does. Beside the model lies `<model>.signature.json`, written when the
function was packaged: it says which tensor is which answer.
"""

import os

from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.engine.json_text import make_decoder
from iris_model.engine.rows import RowEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Type of an input -> numpy's name for what holds its cells.
CELL_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(string)": "object",
}


class OnnxModel:
    """An ONNX model that answers like a compiled model does: `signature`, `source`, `outputs`, `evaluate`."""

    def __init__(self, path: str) -> None:
        description = _read_description(os.path.splitext(path)[0] + ".signature.json")
        self.signature: dict[str, Any] = description["signature"]
        self.source: dict[str, Any] = description["source"]
        self.outputs = list(self.signature["outputs"])
        self._tensors = {method: output["tensor"] for method, output in self.signature["outputs"].items()}
        self._encoder = RowEncoder(self.signature["columns"])
        self._session = _open(path)
        self._inputs = [(item.name, CELL_TYPES[item.type]) for item in self._session.get_inputs()]

    def evaluate(self, rows: "list[Any]", outputs: "tuple[str, ...]") -> "list[Any]":
        """Return the values of several outputs as plain lists."""
        cells = self._encoder.encode(rows)
        if not cells:
            return [[] for _ in outputs]
        tensors = [self._tensors[output] for output in outputs]
        try:
            found = self._session.run(tensors, self._feeds(cells))
        except InvalidInput:
            raise
        except Exception:
            # A text that an encoder does not know; onnxruntime has a class of its own for each mistake. Numbers never do that.
            if all(column["kind"] == "numeric" for column in self.signature["columns"]):
                raise
            self._find_refused(tensors, cells)
            raise
        return [self._plain(output, value) for output, value in zip(outputs, found)]

    def _find_refused(self, tensors: "list[str]", rows: "list[Any]") -> None:
        """Raise InvalidInput for the first row that the model does not take alone."""
        for index, row in enumerate(rows):
            try:
                self._session.run(tensors, self._feeds([row]))
            except Exception as error:
                said = str(error).strip().rpartition("\n")[2]
                raise InvalidInput(f"row {index}: the model does not take it: {said}", row=index) from None

    def _feeds(self, rows: "list[Any]") -> "dict[str, Any]":
        """One tensor with all columns, or one per column."""
        from numpy import array

        for place, (_, cell_type) in enumerate(self._inputs):
            if cell_type == "int64":
                self._check_whole(rows, None if len(self._inputs) == 1 else place)
        if len(self._inputs) == 1:
            name, cell_type = self._inputs[0]
            return {name: array(rows, cell_type)}
        return {
            name: array([[row[place]] for row in rows], cell_type)
            for place, (name, cell_type) in enumerate(self._inputs)
        }

    def _check_whole(self, rows: "list[Any]", place: "int | None") -> None:
        """Refuse fractions where the model takes whole numbers: they would be cut off without a word."""
        for index, row in enumerate(rows):
            for position, value in enumerate(row):
                if place in (None, position) and (value != int(value) or not -(2**63) <= value < 2**63):
                    feature = self.signature["columns"][position]["name"]
                    raise InvalidInput(
                        f"row {index}, feature {feature!r}: the value is {value!r}; expected a whole number",
                        row=index,
                        feature=feature,
                        expected="a whole number",
                    )

    def _plain(self, output: str, value: "Any") -> "list[Any]":
        if isinstance(value, list):
            # A dictionary of probabilities per row, by class.
            classes = self.signature["classes"]
            return [[row[label] for label in classes] for row in value]
        plain: list[Any] = (value.ravel() if value.size == len(value) and output == "predict" else value).tolist()
        return plain


def _read_description(path: str) -> "dict[str, Any]":
    try:
        with open(path, encoding="utf-8") as file:
            value = make_decoder()(file.read())
        return {"signature": value["signature"], "source": value["source"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"cannot read the signature {path} of the ONNX model: {error}; run iris-model package again"
        ) from None


def _open(path: str) -> "Any":
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelFormatError(
            f"cannot open the model {path}: {error}; it needs onnxruntime: "
            "name it in requirements.txt and package with --install-requirements"
        ) from None
    options = onnxruntime.SessionOptions()
    # A sandbox has one vCPU up to 1769 MB; more threads than that only wait for each other.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # It warns of missing devices at every start.
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime has a class of its own for each mistake; all of them mean that this file cannot be served.
        raise ModelFormatError(f"cannot open the model {path}: {error}; export it again") from None

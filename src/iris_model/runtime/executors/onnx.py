"""The `onnxruntime` executor: an ONNX model, evaluated by onnxruntime inside the function.

Only this file imports onnxruntime and numpy. `package` writes `<model>.signature.json` next to the model, which maps
tensors to answers.
"""

from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.engine.rows import RowEncoder

from .description import read_description

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


# The values of each integer type are in [-limit, limit).
WHOLE = {"int64": 2**63, "int32": 2**31}


class OnnxModel:
    """An ONNX model with the interface of a compiled model: `signature`, `source`, `outputs`, `evaluate`."""

    def __init__(self, path: str) -> None:
        self.signature, self.source = read_description(path, "ONNX")
        self.outputs = list(self.signature["outputs"])
        self._tensors = {method: output["tensor"] for method, output in self.signature["outputs"].items()}
        self._encoder = RowEncoder(self.signature["columns"])
        self._session = _open(path)
        # Name, cell type and number of columns of each input. 0 columns: each row is one number, without a list.
        self._inputs = [(feed["name"], feed["dtype"], feed["columns"]) for feed in self.signature["inputs"]]

    def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[object]":
        """Return the values of several outputs as plain lists. Raises InvalidInput for a row that the model refuses."""
        cells = self._encoder.encode(rows)
        if not cells:
            return [[] for _ in outputs]
        tensors = [self._tensors[output] for output in outputs]
        try:
            found = self._run(tensors, cells)
        except InvalidInput:
            raise
        except Exception:
            # onnxruntime raises a different class for each error. With text columns, the cause may be a category that
            # an encoder does not know. With only numeric columns, no row is the cause.
            if all(column["kind"] == "numeric" for column in self.signature["columns"]):
                raise
            self._find_refused(tensors, cells)
            raise
        return [self._plain(output, value) for output, value in zip(outputs, found)]

    def _find_refused(self, tensors: "list[str]", rows: "list[Any]") -> None:
        """Raise InvalidInput for the first row that the model refuses when it gets only that row."""
        for index, row in enumerate(rows):
            try:
                self._session.run(tensors, self._feeds([row]))
            except Exception as error:
                said = str(error).strip().rpartition("\n")[2]
                raise InvalidInput(f"row {index}: the model does not take it: {said}", row=index) from None

    def _run(self, tensors: "list[str]", rows: "list[Any]") -> "list[object]":
        """Evaluate all rows at once, or one by one if the model was exported with a batch size of one."""
        if len(rows) == 1 or not self.signature.get("one_row"):
            found: list[object] = self._session.run(tensors, self._feeds(rows))
            return found
        from numpy import concatenate

        parts = [self._session.run(tensors, self._feeds([row])) for row in rows]
        return [
            [row for part in parts for row in part[index]]
            if isinstance(parts[0][index], list)
            else concatenate([part[index] for part in parts])
            for index in range(len(tensors))
        ]

    def _feeds(self, rows: "list[Any]") -> "dict[str, Any]":
        """Return the columns of each input as an array."""
        from numpy import array

        feeds, place = {}, 0
        for name, dtype, columns in self._inputs:
            end = place + (columns or 1)
            if dtype in WHOLE:
                self._check_whole(rows, place, end, WHOLE[dtype])
            if dtype == "bool":
                self._check_truth(rows, place, end)
            if not columns:
                feeds[name] = array([row[place] for row in rows], dtype)
            else:
                # Most models have one input, which takes whole rows.
                parts = rows if end - place == len(rows[0]) else [row[place:end] for row in rows]
                feeds[name] = array(parts, dtype)
            place = end
        return feeds

    def _check_whole(self, rows: "list[Any]", place: int, end: int, limit: int) -> None:
        """Refuse fractions in an integer input: a cast would truncate them without an error."""
        for index, row in enumerate(rows):
            for position in range(place, end):
                value = row[position]
                if value != int(value) or not -limit <= value < limit:
                    raise self._refuse(index, position, value, "a whole number")

    def _check_truth(self, rows: "list[Any]", place: int, end: int) -> None:
        for index, row in enumerate(rows):
            for position in range(place, end):
                if row[position] not in (0.0, 1.0):
                    raise self._refuse(index, position, row[position], "true or false")

    def _refuse(self, row: int, position: int, value: object, expected: str) -> InvalidInput:
        feature = self.signature["columns"][position]["name"]
        return InvalidInput(
            f"row {row}, feature {feature!r}: the value is {value!r}; expected {expected}",
            row=row,
            feature=feature,
            expected=expected,
        )

    def _plain(self, output: str, value: "Any") -> "list[object]":
        if isinstance(value, list):
            # One dictionary for each row, from class to probability.
            classes = self.signature["classes"] or []
            return [[row[label] for label in classes] for row in value]
        plain: list[object] = (value.ravel() if value.size == len(value) and output == "predict" else value).tolist()
        return plain


def _open(path: str) -> "Any":
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelFormatError(
            f"cannot open the model {path}: {error}; it needs onnxruntime: "
            "name it in requirements.txt and package with --install-requirements"
        ) from None
    options = onnxruntime.SessionOptions()
    # A sandbox has at most one vCPU up to 1769 MB. More threads would wait for each other.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # onnxruntime warns about missing devices at every start.
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime raises a different class for each error. After any of them, this file cannot be served.
        raise ModelFormatError(f"cannot open the model {path}: {error}; export it again") from None

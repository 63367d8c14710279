"""The model as a handler sees it: load it once per sandbox, then answer any event.

In: a name; then Lambda events. Out: the response that the sender of the event understands. The files that are there decide
which executor it is.
"""

import os

from iris_model.engine.errors import InvalidInput, ModelFormatError

from .events import MAX_RESPONSE_BYTES, Reply, find_format
from .marshal import encode_json
from .payloads import decode_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .events import Request

# Suffix -> executor, in the order of preference.
EXECUTORS = (
    (".safetensors", "compiled"),
    (".onnx", "onnxruntime"),
    (".pkl", "original"),
    (".pickle", "original"),
    (".joblib", "original"),
)

# Room for what a front end wraps round a body.
ENVELOPE_BYTES = 4096


class Model:
    """A loaded model. Make one with `Model.load`.

    `signature`, `classes`, `task` and `source` describe it (docs/architecture.md); `executor` says what evaluates it.
    """

    def __init__(self, name: str, path: str, executor: str, evaluator: "Any") -> None:
        self.name = name
        self.path = path
        self.executor = executor
        self.signature: dict[str, Any] = evaluator.signature
        self.source: dict[str, Any] = evaluator.source
        self.classes: list[Any] | None = self.signature.get("classes")
        self.task: str = self.signature["task"]
        self._evaluator = evaluator
        self._columns: list[Any] = self.signature["columns"]
        self._features = [column["name"] for column in self._columns]
        names = [output for output in ("predict", "transform", "score_samples") if output in evaluator.outputs][:1]
        if self.task == "classifier" and "predict_proba" in evaluator.outputs:
            names.append("predict_proba")
        self.outputs = tuple(names)

    @classmethod
    def load(cls, name: str) -> "Model":
        """Find and open the model called `name` (without a suffix, or with one) in the function directory.

        Raises ModelFormatError if there is none, or if it is damaged or of another version.
        """
        path, executor = _find(name)
        model_name = os.path.splitext(os.path.basename(path))[0]
        if executor == "compiled":
            from iris_model.engine.model import CompiledModel

            return cls(model_name, path, executor, CompiledModel(path))
        if executor == "original":
            from .original import OriginalModel

            return cls(model_name, path, executor, OriginalModel(path))
        from .onnx import OnnxModel

        return cls(model_name, path, executor, OnnxModel(path))

    def predict(self, rows: "list[Any]") -> "list[Any]":
        """Labels (classifier) or numbers (regressor), one per row."""
        return self._one("predict", rows)

    def predict_proba(self, rows: "list[Any]") -> "list[Any]":
        """Probabilities, one list per row in the order of `classes`."""
        return self._one("predict_proba", rows)

    def decision_function(self, rows: "list[Any]") -> "list[Any]":
        """Decisions, as the original library's method of this name gives them."""
        return self._one("decision_function", rows)

    def score_samples(self, rows: "list[Any]") -> "list[Any]":
        """Scores, as the original library's method of this name gives them."""
        return self._one("score_samples", rows)

    def transform(self, rows: "list[Any]") -> "list[Any]":
        """The transformed rows, where the model is a transformer."""
        return self._one("transform", rows)

    def answer(self, event: "Any") -> "Any":
        """Answer one Lambda event in the form of the front end that sent it.

        Bad input: an HTTP front end gets problem details with a 4xx status; a direct invocation raises InvalidInput, which
        Lambda reports as a function error.
        """
        event_format = find_format(event, self._features)
        try:
            reply = self._reply(event_format.decode(event), event_format.is_http)
        except InvalidInput as error:
            if not event_format.is_http:
                raise error.with_traceback(None) from None
            from .problems import describe_problem

            reply = describe_problem(error)
        return event_format.encode(event, reply)

    def _one(self, output: str, rows: "list[Any]") -> "list[Any]":
        value: list[Any] = self._evaluator.evaluate(rows, (output,))[0]
        return value

    def _reply(self, request: "Request", is_http: bool) -> Reply:
        if is_http and request.method != "POST":
            return self._describe(request)
        from .answers import Answers

        protocol, rows, state = decode_request(request, self._columns)
        values = self._evaluator.evaluate(rows, self.outputs)
        answers = Answers(self.name, self.classes, values[0], values[1] if len(values) > 1 else None)
        value = protocol.encode(answers, state)
        if not is_http:
            return Reply(value)
        if type(value) is not dict:
            return self._check_size(Reply(value, str(value), "text/csv; charset=utf-8"))
        return self._check_size(Reply(value, encode_json(value)))

    def _describe(self, request: "Request") -> Reply:
        if request.method != "GET":
            raise InvalidInput(
                f"the method is {request.method}; expected POST with rows, or GET for the model card",
                expected="GET or POST",
                problem="method-not-allowed",
            )
        value = None
        if "/v2/" in f"{request.path}/":
            from .open_inference_metadata import describe_path

            value = describe_path(self, request.path)
        if value is None:
            from .card import describe_model

            value = describe_model(self)
        return Reply(value, encode_json(value))

    @staticmethod
    def _check_size(reply: Reply) -> Reply:
        # Quotes and backslashes of the body are escaped once more when the response becomes JSON.
        size = len(reply.text) + reply.text.count('"') + reply.text.count("\\") + ENVELOPE_BYTES
        if size > MAX_RESPONSE_BYTES:
            raise InvalidInput(
                f"the answer would have {size} bytes, and Lambda takes at most {MAX_RESPONSE_BYTES}; "
                "send the rows in several requests",
                expected="fewer rows",
                problem="too-large",
            )
        return reply


def _find(name: str) -> tuple[str, str]:
    """Return (path, executor) of the first file of that name, in the function directory or where Python was started."""
    root = os.environ.get("LAMBDA_TASK_ROOT")
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    directories = [root] if root else []
    # In a function directory this package lies beside the model.
    directories += [here, os.getcwd()]
    for directory in directories:
        stem, suffix = os.path.splitext(os.path.join(directory, name))
        for known, executor in EXECUTORS:
            if suffix == known and os.path.isfile(stem + suffix):
                return stem + suffix, executor
            path = os.path.join(directory, name) + known
            if os.path.isfile(path):
                return path, executor
    suffixes = ", ".join(suffix for suffix, _ in EXECUTORS)
    raise ModelFormatError(
        f"there is no model {name!r} in {' or '.join(dict.fromkeys(directories))}; "
        f"expected a file of that name ending in {suffixes}: run iris-model package"
    )

"""The model in a handler: load it once for each sandbox, then answer every event.

The model's file determines the executor.
"""

import os

from iris_model.engine.errors import InvalidInput, ModelFormatError

from .events import COMPRESS_FROM_BYTES, HINTS, MAX_RESPONSE_BYTES, Reply, find_format
from .payloads import decode_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence
    from typing import Any, Protocol

    from iris_model.contract.signature import Column, OutputSignature, Signature, Source
    from iris_model.engine.rows import RowEncoder

    class Evaluator(Protocol):
        """A model of any executor. Those that read packed tables also have `find_encoder` and `evaluate_table`."""

        source: Source

        @property
        def signature(self) -> Signature:
            """What the model takes and answers."""

        @property
        def outputs(self) -> "Container[str]":
            """The names of its methods, such as `predict`."""

        def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]", /) -> "list[Any]":
            """Return the values of several outputs."""

    from .events import Request

# Suffix -> executor, in the order of preference.
EXECUTORS = (
    (".safetensors", "compiled"),
    (".onnx", "onnxruntime"),
    (".pkl", "original"),
    (".pickle", "original"),
    (".joblib", "original"),
)

# The file that `package` writes next to a model that is not compiled. It names the model file.
DESCRIPTION = ".signature.json"

# A body of at least this many bytes, or a list of at least this many items, may hold many rows.
LONG_BODY = 4096
MANY_ITEMS = 64

CSV_TYPE = "text/csv; charset=utf-8"

# Space for what a front end adds around a body.
ENVELOPE_BYTES = 4096


class Model:
    """A loaded model. Create it with `Model.load`.

    `signature`, `classes`, `task` and `source` describe it. `executor` is "compiled", "onnxruntime" or "original".
    Methods that take rows raise InvalidInput, which names row and feature, for a row that does not fit.
    """

    def __init__(self, name: str, path: str, executor: str, evaluator: "Evaluator") -> None:
        self.name = name
        self.path = path
        self.executor = executor
        described: OutputSignature = getattr(evaluator, "described", None) or evaluator.signature
        if "answer_classes" in described:
            from .class_names import NamedClasses

            evaluator = NamedClasses(evaluator)
        self.source: Source = evaluator.source
        self.classes: list[object] | None = described.get("answer_classes", described.get("classes"))
        self.task: str = described["task"]
        self._evaluator = evaluator
        self._evaluate_table: Callable[[Any, tuple[str, ...]], list[Any]] = getattr(
            evaluator, "evaluate_table", evaluator.evaluate
        )
        self._columns: list[Column] = getattr(evaluator, "columns", None) or evaluator.signature["columns"]
        # The columns of a wide model look for a name themselves.
        self._features: Container[str] = (
            [column["name"] for column in self._columns] if type(self._columns) is list else self._columns  # type: ignore[assignment]
        )
        names = [output for output in ("predict", "transform", "score_samples") if output in evaluator.outputs][:1]
        if self.task == "classifier" and "predict_proba" in evaluator.outputs:
            names.append("predict_proba")
        self.outputs = tuple(names)
        self._find_encoder: Callable[[int], RowEncoder | None] = getattr(
            evaluator, "find_encoder", lambda body_length: None
        )
        self._capture = None
        if "IRIS_MODEL_CAPTURE_RATE" in os.environ:
            from .capture import find_capture

            self._capture = find_capture(self._columns, self.outputs)
            if self._capture is not None:
                self._find_encoder = lambda body_length: None  # capture logs rows as sent

    @property
    def signature(self) -> "Signature":
        """What the model takes and answers (docs/architecture.md)."""
        return self._evaluator.signature

    @classmethod
    def load(cls, name: str) -> "Model":
        """Open the model called `name` (with or without a suffix) in the function directory.

        Raises ModelFormatError if there is no such model, if it is damaged, or if it has another format version.
        """
        path, executor = _find(name)
        model_name = os.path.splitext(os.path.basename(path))[0]
        if executor == "compiled":
            from iris_model.engine.model import CompiledModel

            return cls(model_name, path, executor, CompiledModel(path, own_code=True))
        if executor == "original":
            from iris_model.runtime.executors.original import OriginalModel

            return cls(model_name, path, executor, OriginalModel(path))
        from iris_model.runtime.executors.onnx import OnnxModel

        return cls(model_name, path, executor, OnnxModel(path))

    def predict(self, rows: "Sequence[object]") -> "list[Any]":
        """Return one label (classifier) or number (regressor) for each row.

        `rows`: sequences with one cell for each column, or dicts from column name to cell.
        """
        return self._one("predict", rows)

    def predict_proba(self, rows: "Sequence[object]") -> "list[Any]":
        """Return the probabilities: one list for each row, in the order of `classes`."""
        return self._one("predict_proba", rows)

    def decision_function(self, rows: "Sequence[object]") -> "list[Any]":
        """Return what the original's `decision_function` returns: one number or list of numbers for each row."""
        return self._one("decision_function", rows)

    def score_samples(self, rows: "Sequence[object]") -> "list[Any]":
        """Return what the original's `score_samples` returns: one number for each row."""
        return self._one("score_samples", rows)

    def transform(self, rows: "Sequence[object]") -> "list[Any]":
        """Return the transformed rows of a transformer."""
        return self._one("transform", rows)

    def answer(self, event: object) -> object:
        """Answer one Lambda event in the format of the front end that sent it.

        For bad input an HTTP front end gets problem details with a 4xx status. A direct invocation raises InvalidInput,
        which Lambda reports as a function error.
        """
        event_format = find_format(event, self._features)
        if not event_format.is_http and type(event) is dict and not HINTS.isdisjoint(event):
            from .triggers import WARM, advise, is_ping, name_trigger

            known = {key: value for key, value in event.items() if key not in self._features}
            if is_ping(known):
                return dict(WARM)
            if sender := name_trigger(known):
                if "IRIS_MODEL_EVENTS" in os.environ:
                    from .event_sources import answer_event

                    # What an event has, its keys say.
                    return answer_event(self, event, sender)  # type: ignore[arg-type]
                raise InvalidInput(
                    f"this is an event of {sender}; expected an HTTP request or rows: {advise(sender)}",
                    expected="an HTTP request or rows",
                )
        takes_bytes = event_format.is_http and event_format.takes_bytes(event)
        try:
            request = event_format.decode(event)
            if _is_long(request):
                from iris_model.engine.json_text import without_collector

                reply = without_collector(self._reply, request, event_format.is_http, takes_bytes)
            else:
                reply = self._reply(request, event_format.is_http, takes_bytes)
        except InvalidInput as error:
            if not event_format.is_http:
                raise error.with_traceback(None) from None
            from .problems import describe_problem

            reply = describe_problem(error)
        return event_format.encode(event, reply)

    def _one(self, output: str, rows: "Sequence[object]") -> "list[object]":
        value: list[object] = self._evaluator.evaluate(rows, (output,))[0]
        return value

    def _reply(self, request: "Request", is_http: bool, takes_bytes: bool) -> Reply:
        if is_http and request.method != "POST":
            return self._finish(self._describe(request), request, takes_bytes)
        from .answers import Answers, strict_text

        encoder = None if request.body is None else self._find_encoder(len(request.body))
        protocol, rows, state = decode_request(request, self._columns, encoder)
        if isinstance(rows, list):
            values = self._evaluator.evaluate(rows, self.outputs)
            if self._capture is not None:
                self._capture.take(rows, values)
        else:
            values = self._evaluate_table(rows, self.outputs)
        answers = Answers(self.name, self.classes, values[0], values[1] if len(values) > 1 else None)
        text = None
        if is_http and encoder is not None:
            from .payloads.packed_answers import write_answers

            text = write_answers(protocol.__name__, answers, state)
        if text is not None:
            return self._finish(Reply(None, text, _media_type(text)), request, takes_bytes)
        value = protocol.encode(answers, state)
        if not is_http:
            return Reply(value)
        reply = Reply(value, strict_text(value)) if type(value) is dict else Reply(value, str(value), CSV_TYPE)
        return self._finish(reply, request, takes_bytes)

    def _describe(self, request: "Request") -> Reply:
        if request.method not in ("GET", "HEAD"):
            raise InvalidInput(
                f"the method is {request.method}; expected POST with rows, or GET for the model card",
                expected="GET, HEAD or POST",
                problem="method-not-allowed",
            )
        value = None
        if "/v2/" in f"{request.path}/":
            from iris_model.runtime.payloads.open_inference_metadata import describe_path

            value = describe_path(self, request.path)
        if value is None:
            from .card import describe_model

            value = describe_model(self)
        from .answers import strict_text

        # HEAD is GET without the body (RFC 9110, 9.3.2).
        return Reply(value, strict_text(value) if request.method == "GET" else "")

    @staticmethod
    def _finish(reply: Reply, request: "Request", takes_bytes: bool) -> Reply:
        """Compress a long text if the client accepts gzip. Refuse an answer beyond Lambda's limit."""
        if takes_bytes and len(reply.text) > COMPRESS_FROM_BYTES:
            reply.headers = {**reply.headers, "vary": "accept-encoding"}
            if request.accept_encoding:
                from .compressed import accepts_gzip, compress

                if accepts_gzip(request.accept_encoding):
                    compress(reply)
        # Quotes and backslashes of the body are escaped again when the response becomes JSON.
        size = len(reply.text) + reply.text.count('"') + reply.text.count("\\") + ENVELOPE_BYTES
        if size > MAX_RESPONSE_BYTES:
            raise InvalidInput(
                f"the answer would have {size} bytes, and Lambda takes at most {MAX_RESPONSE_BYTES}; "
                "send the rows in several requests",
                expected="fewer rows",
                problem="too-large",
            )
        return reply


def _is_long(request: "Request") -> bool:
    """Whether the request may have many rows."""
    if request.body is not None:
        return len(request.body) >= LONG_BODY
    payload = request.payload
    return len(payload) >= MANY_ITEMS if type(payload) is list else type(payload) is dict and _has_long_list(payload)


def _has_long_list(payload: "dict[str, object]") -> bool:
    return any(type(value) is list and len(value) >= MANY_ITEMS for value in payload.values())


def _media_type(text: str) -> str:
    """Return the media type of an answer: JSON for an object, else CSV."""
    return "application/json" if text.startswith("{") else CSV_TYPE


def _find(name: str) -> tuple[str, str]:
    """Return (path, executor) of the first file of that name in the function directory or the working directory."""
    root = os.environ.get("LAMBDA_TASK_ROOT")
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    directories = [root] if root else []
    # In a function directory this package is next to the model.
    directories += [here, os.getcwd()]
    for directory in directories:
        stem, suffix = os.path.splitext(os.path.join(directory, name))
        for known, executor in EXECUTORS:
            if suffix == known and os.path.isfile(stem + suffix):
                return stem + suffix, executor
            path = os.path.join(directory, name) + known
            if os.path.isfile(path):
                return path, executor
        for base in (os.path.join(directory, name), stem):
            if os.path.isfile(base + DESCRIPTION):
                return _find_described(base + DESCRIPTION)
    suffixes = ", ".join(suffix for suffix, _ in EXECUTORS)
    raise ModelFormatError(
        f"no model {name!r} in {' or '.join(dict.fromkeys(directories))}; "
        f"expected a file with that name and the suffix {suffixes}: run iris-model package"
    )


def _find_described(description: str) -> tuple[str, str]:
    """Return (path, executor) of a model from its description. Its file may have any name."""
    from iris_model.engine.json_text import make_decoder

    try:
        with open(description, encoding="utf-8") as file:
            source = make_decoder()(file.read())["source"]
        return (
            os.path.join(os.path.dirname(description), source["file"]),
            "onnxruntime" if source["format"] == "onnx" else "original",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFormatError(
            f"{description} does not name the model file: {type(error).__name__}: {error}; run iris-model package again"
        ) from None

"""The requests of the reference pages: one for each form of a request and each kind of refusal.

In: nothing. Out: the questions. `asking.py` gets the answers.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IRIS = Path(__file__).parents[2] / "examples/iris"
NAMES = (IRIS / "iris.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
ROW = [5.1, 3.5, 1.4, 0.2]
OTHER = [5.7, 2.8, 4.5, 1.3]
NAMED = dict(zip(NAMES, ROW, strict=True))
ROUTE = "/default/iris-prediction"
NEAREST = "/default/nearest"


@dataclass(frozen=True)
class Question:
    """One request, and how a page shows its body."""

    title: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    method: str = "POST"
    path: str = ROUTE
    shown: str = ""

    @property
    def text(self) -> str:
        """The body for readers."""
        return self.shown or self.body.decode()


@dataclass(frozen=True)
class Form:
    """A form of request: by which schema, and by which schema its answer."""

    request: str
    answer: str
    question: Question


def as_json(title: str, value: Any, path: str = ROUTE) -> Question:
    """A question in JSON."""
    return Question(title, json.dumps(value).encode(), {"content-type": "application/json"}, path=path)


def raw(
    title: str, body: bytes | str, content_type: str = "application/json", shown: str = "", **headers: str
) -> Question:
    """A question with this body as it is."""
    sent = {"content-type": content_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Question(title, body if isinstance(body, bytes) else body.encode(), sent, shown=shown)


def read(path: str) -> Question:
    """A GET."""
    return Question(path, method="GET", path=path)


def tensor(name: str, shape: list[int], data: list[Any], datatype: str = "FP64") -> dict[str, Any]:
    """One of the Open Inference Protocol."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


FORMS = (
    Form("Row", "Answer", as_json("One row", ROW)),
    Form("NamedRow", "Answer", as_json("A named row", NAMED)),
    Form("Rows", "Answers", as_json("Rows", [ROW, OTHER])),
    Form("NamedRows", "Answers", as_json("Named rows", [NAMED])),
    Form("Instances", "Predictions", as_json("Instances", {"instances": [ROW, OTHER]})),
    Form("DataframeRecords", "Predictions", as_json("Records of a DataFrame", {"dataframe_records": [NAMED]})),
    Form(
        "DataframeSplit",
        "Predictions",
        as_json("A DataFrame, split", {"dataframe_split": {"columns": NAMES[::-1], "data": [ROW[::-1]]}}),
    ),
    Form(
        "Inputs",
        "Predictions",
        as_json("Inputs of MLflow", {"inputs": {name: [a, b] for name, a, b in zip(NAMES, ROW, OTHER, strict=True)}}),
    ),
    Form(
        "InferenceRequest",
        "InferenceResponse",
        as_json("Tensors", {"id": "7", "inputs": [tensor("rows", [2, 4], [*ROW, *OTHER])]}),
    ),
)
CSV = (
    raw("CSV in, JSON out", f"{','.join(NAMES)}\n5.1,3.5,1.4,0.2\n", "text/csv"),
    raw("CSV in, CSV out", "5.1,3.5,1.4,0.2\n5.7,2.8,4.5,1.3\n", "text/csv", accept="text/csv"),
)
DESCRIPTIONS = (
    ("ModelCard", read(ROUTE)),
    ("ServerMetadata", read("/default/v2")),
    ("Live", read("/default/v2/health/live")),
    ("Ready", read("/default/v2/health/ready")),
    ("ModelReady", read("/default/v2/models/iris/ready")),
    ("ModelMetadata", read("/default/v2/models/iris")),
)

_BOMB = gzip.compress(b"[" + b" " * 7_000_000)
_MANY = json.dumps([[5, 2, 4, 1]] * 60_000).encode()

# Type -> (when, what to do, the questions that provoke it).
PROBLEMS: dict[str, tuple[str, str, tuple[Question, ...]]] = {
    "malformed": (
        "The body is not a request in any known format.",
        "Fix the client: the same body will be refused again.",
        (
            raw("not JSON", "5.1;3.5;1.4;0.2"),
            raw("a form", "a=1&b=2", "application/x-www-form-urlencoded"),
            raw("NaN, which JSON does not have", "[NaN, 3.5, 1.4, 0.2]"),
            raw("a duplicate key", '{"a": 1, "a": 2}'),
            raw("an empty body", "", shown=" "),
            raw("nested too deeply", "[" * 100_000, shown="[[[[... (100,000 of them)"),
            raw("not UTF-8", b"5.1,\xff\n", "application/csv", "5.1, and a byte 0xff"),
            raw("not CSV", '"5.1,3.5\n', "text/csv"),
            raw("a feature twice in the header line", f"{NAMES[0]},{NAMES[0]}\n1,2\n", "text/csv"),
            raw("not gzip", b"[1]", "application/csv", content_encoding="gzip"),
            raw(
                "truncated gzip",
                gzip.compress(b"[1]", mtime=0)[:-6],
                "application/csv",
                "(cut)",
                content_encoding="gzip",
            ),
        ),
    ),
    "method-not-allowed": (
        "The method is neither POST nor GET.",
        "Send rows with POST. The header `allow` lists the methods.",
        (Question("PUT", b"[1]", {"content-type": "application/json"}, "PUT"),),
    ),
    "too-large": (
        "The body has more than 6,291,456 bytes, compressed or not, or the answer would exceed Lambda's limit.",
        "Split the rows into several requests.",
        (
            raw(
                "too large when uncompressed",
                _BOMB,
                "application/csv",
                "(7,000,001 bytes, compressed)",
                content_encoding="gzip",
            ),
            raw("an answer that is too large", _MANY, shown="[[5, 2, 4, 1], ... (60,000 rows)]"),
        ),
    ),
    "unsupported-media-type": (
        "The media type, charset or content encoding is not supported.",
        "The header `accept-post` lists the media types. The charset is UTF-8, and the content encoding gzip or none.",
        (
            raw("a numpy array", b"...", "application/x-npy"),
            raw("another charset", "[5.1, 3.5, 1.4, 0.2]", "application/json; charset=latin-1"),
            raw("another encoding", "...", "application/csv", content_encoding="br"),
            raw("binary tensors", "{}", inference_header_content_length="2"),
        ),
    ),
    "invalid-input": (
        "The request is well-formed, but wrong for this model.",
        "Read `detail`. Programs can use `row`, `feature` and `expected`, if present.",
        (
            as_json("too few values", [5.1, 3.5, 1.4]),
            as_json("a string instead of a number", [5.1, 3.5, 1.4, "0.2"]),
            as_json("a boolean instead of a number", [5.1, True, 1.4, 0.2]),
            as_json("a missing value that training did not have", [5.1, None, 1.4, 0.2]),
            raw("an infinite number", "[5.1, 1e999, 1.4, 0.2]"),
            as_json("a single value", 5.1),
            as_json("no rows", []),
            as_json("an unknown feature", {**NAMED, "colour": 1}),
            as_json("a missing feature", {name: NAMED[name] for name in NAMES[1:]}),
            as_json("rows of different kinds", [ROW, NAMED]),
            as_json("instances that are not a list", {"instances": 5}),
            as_json("a frame without data", {"dataframe_split": {"columns": NAMES}}),
            as_json("a tensor of the wrong shape", {"inputs": [tensor("rows", [1, 3], [1, 2, 3])]}),
            as_json("an unknown output", {"inputs": [tensor("r", [1, 4], ROW)], "outputs": [{"name": "loss"}]}),
            raw("a string in CSV", "5.1,red,1.4,0.2\n", "text/csv"),
        ),
    ),
    "undecided": (
        "The answer depends on the last bit of the original's arithmetic, which differs between machines. It happens with "
        "brute-force neighbors, KNNImputer and KMeans: see [what exactness means](../explanation/exactness.md#limits).",
        'Train with `algorithm="kd_tree"`, or send another row: this one is equally close to two answers.',
        (as_json("a row at the same distance from two classes", [0.4, 0.2], NEAREST),),
    ),
}

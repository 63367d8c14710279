"""The model card: the answer to `GET` on the route. Imported only by such a request."""

from iris_model.engine.rows import holds_numbers

from .payloads import takes_any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from iris_model.contract.signature import Column, Signature, Source

    class Described(Protocol):
        """The attributes of a model that a description needs."""

        name: str
        executor: str
        path: str
        source: Source
        classes: list[object] | None
        outputs: tuple[str, ...]

        @property
        def signature(self) -> Signature:
            """What the model takes and answers."""


# Type of a categorical column -> further JSON types of its values.
OTHER_TYPES = {"bool": ("boolean",), "object": ("number", "boolean"), "category": ("number", "boolean")}


def describe_model(model: "Described") -> "dict[str, object]":
    """Return the model card, a JSON object.

    It has name, task, classes, executor, source, digest, and the signature with a JSON Schema of one named row.
    """
    signature = model.signature
    labels = _read_labels(model.path)
    return {
        "name": model.name,
        "ready": True,  # for clients of KServe v1
        "task": signature["task"],
        "classes": model.classes,
        **({"labels": labels} if labels else {}),
        "executor": model.executor,
        "columns": signature["columns"],
        "schema": row_schema(signature["columns"]),
        "source": model.source,
        "digest": digest_of(model.path),
    }


def _read_labels(path: str) -> object:
    """Return the names of the classes in `function.json` next to the model; None without them."""
    from json import load
    from os.path import dirname, join

    try:
        with open(join(dirname(path), "function.json"), "rb") as file:
            return load(file).get("labels")
    except (OSError, ValueError, AttributeError):
        return None  # the model is not in a function directory


_FEATURE_VALUE = {"type": ["number", "string", "boolean"]}

# What the column of a FeatureHasher contains, or the JSON text of it.
FEATURES = {
    "dict": {"type": ["object", "string"], "additionalProperties": _FEATURE_VALUE, "description": "features by name"},
    "pair": {"type": ["array", "string"], "items": {"type": "array"}, "description": "pairs of a name and a value"},
    "string": {"type": ["array", "string"], "items": {"type": "string"}, "description": "a list of names"},
}


def row_schema(columns: "list[Column]") -> "dict[str, object]":
    """Return the JSON Schema (2020-12) of one named row."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {column["name"]: _without_null(column, _value_schema(column)) for column in columns},
        "required": [one["name"] for one in columns if not one.get("optional") and one.get("json") != "dict"],
        "additionalProperties": _other_features(columns),
    }


def _other_features(columns: "list[Column]") -> object:
    """Return `additionalProperties`. A vectorizer ignores unknown features; a hasher would use them."""
    if columns and "json" in columns[0]:
        return {"type": ["number", "string", "boolean"]} if columns[0]["json"] == "dict" else False
    if not takes_any(columns) or any(column.get("hashed") for column in columns):
        return False
    return {"type": ["number", "string", "boolean", "null"]}


def _without_null(column: "Column", schema: "dict[str, object]") -> "dict[str, object]":
    """Remove null if rows are dictionaries: these omit absent features."""
    kinds = schema["type"]
    if (
        isinstance(kinds, list)
        and column.get("optional")
        and not column.get("dropped")
        and column.get("dtype") != "str"
    ):
        kinds = [kind for kind in kinds if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    return schema


def _value_schema(column: "Column") -> "dict[str, object]":
    if "json" in column:
        return dict(FEATURES[column["json"]])
    kinds = ["number" if holds_numbers(column) else "string"]
    if column["kind"] == "categorical" and column.get("dtype") in OTHER_TYPES:
        kinds += OTHER_TYPES[column["dtype"]]
    if column.get("missing"):
        kinds.append("null")
    schema: dict[str, object] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if column["kind"] == "categorical" and column.get("categories"):
        schema["examples"] = column["categories"]
    if str(column.get("dtype")).startswith("datetime"):
        schema |= {"description": "a date and time, ISO 8601", "examples": ["2024-02-03T10:00:00"]}
    if column.get("dtype") in ("int64", "int32") and column["kind"] == "numeric":
        schema["description"] = "integers in training"
    if "minimum" in column:
        # The training range is not a limit: values outside it are also answered.
        low, high = _plain(column["minimum"]), _plain(column["maximum"])
        schema["description"] = f"between {low} and {high} in training"
        schema["examples"] = [low, high]
    return schema


def _plain(value: float) -> float:
    """Return a whole number as an integer: people read 3, not 3.0."""
    return int(value) if abs(value) < 2**53 and value == int(value) else value


def digest_of(path: str) -> str:
    """Return `sha256:` and the hexadecimal digest of the file at `path`."""
    from hashlib import sha256

    digest = sha256()
    with open(path, "rb") as file:
        while block := file.read(1_048_576):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"

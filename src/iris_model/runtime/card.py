"""The model card: what `GET` on the route answers. Imported only when somebody asks."""

from iris_model.engine.rows import holds_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .model import Model

# What a category may be besides: by the type of its column.
OTHER_TYPES = {"bool": ("boolean",), "object": ("number", "boolean"), "category": ("number", "boolean")}


def describe_model(model: "Model") -> "dict[str, Any]":
    """Return name, task, classes, executor, source, digest, and the signature with a JSON Schema of one named row."""
    signature = model.signature
    return {
        "name": model.name,
        "ready": True,  # for clients of KServe v1
        "task": signature["task"],
        "classes": signature.get("classes"),
        "executor": model.executor,
        "columns": signature["columns"],
        "schema": row_schema(signature["columns"]),
        "source": model.source,
        "digest": digest_of(model.path),
    }


def row_schema(columns: "list[dict[str, Any]]") -> "dict[str, Any]":
    """Return the JSON Schema (2020-12) of one named row."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {column["name"]: _value_schema(column) for column in columns},
        "required": [column["name"] for column in columns if not column.get("optional")],
        "additionalProperties": all(column.get("optional") for column in columns),
    }


def _value_schema(column: "dict[str, Any]") -> "dict[str, Any]":
    kinds = ["number" if holds_numbers(column) else "string"]
    if column["kind"] == "categorical" and column.get("dtype") in OTHER_TYPES:
        kinds += OTHER_TYPES[column["dtype"]]
    if column.get("missing"):
        kinds.append("null")
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if column["kind"] == "categorical" and column.get("categories"):
        schema["examples"] = column["categories"]
    if "minimum" in column:
        # What was seen in training is no limit: other values are answered as well.
        schema["description"] = f"between {column['minimum']!r} and {column['maximum']!r} in training"
        schema["examples"] = [column["minimum"], column["maximum"]]
    return schema


def digest_of(path: str) -> str:
    """Return `sha256:` and the hexadecimal digest of a file."""
    from hashlib import sha256

    digest = sha256()
    with open(path, "rb") as file:
        while block := file.read(1_048_576):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"

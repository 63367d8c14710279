"""Build JSON Schemas (2020-12, as in OpenAPI 3.1) of the requests and answers of a model from its signature.

`docs/reference/requests.md` describes what the runtime accepts. A test sends requests that these schemas allow and
forbid to the running service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from iris_model.project.openapi_answers import build_answer, build_inference_response, build_prediction

JsonSchema = dict[str, Any]

# Additional JSON types of a category, by the type of its column.
_OTHER_TYPES = {"bool": ["boolean"], "object": ["number", "boolean"], "category": ["number", "boolean"]}
_DATATYPES = (
    "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES"  # of the Open Inference Protocol
).split()

PROBLEM: JsonSchema = {
    "description": "An error, as problem details (RFC 9457).",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The same as `detail`, for clients of KServe and Triton."},
        "row": {"type": "integer", "description": "Number of the invalid row, counted from 0."},
        "feature": {"type": "string"},
        "expected": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "error"],
}


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _closed(description: str, **properties: JsonSchema) -> JsonSchema:
    return {
        "description": f"Open Inference Protocol v2: {description}",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT: JsonSchema = {"type": "string"}
_TRUE: JsonSchema = {"const": True}
METADATA: dict[str, JsonSchema] = {
    "ServerMetadata": _closed(
        "the server.", name=_TEXT, version=_TEXT, extensions={"type": "array", "items": _TEXT, "maxItems": 0}
    ),
    "Live": _closed("the server is live.", live=_TRUE),
    "Ready": _closed("the server is ready.", ready=_TRUE),
    "ModelReady": _closed("the model is ready.", name=_TEXT, ready=_TRUE),
    "ModelMetadata": _closed(
        "inputs and outputs of an inference request.",
        name=_TEXT,
        versions={"type": "array", "items": _TEXT, "maxItems": 0},
        platform={"type": "string", "pattern": "^iris-model_"},
        inputs={"type": "array", "items": _ref("MetadataTensor")},
        outputs={"type": "array", "items": _ref("MetadataTensor")},
    ),
    "MetadataTensor": {
        "description": "Description of a tensor. In its shape, -1 is the number of rows.",
        "type": "object",
        "properties": {
            "name": _TEXT,
            "datatype": _ref("Datatype"),
            "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}},
        },
        "required": ["name", "datatype", "shape"],
    },
    "Datatype": {"description": "A datatype of the Open Inference Protocol.", "enum": _DATATYPES},
}


_VALUE: JsonSchema = {"type": ["number", "string", "boolean"]}

# What the column of a FeatureHasher contains, or the JSON text of it.
_FEATURES: dict[str, JsonSchema] = {
    "dict": {"type": ["object", "string"], "additionalProperties": _VALUE, "description": "features by name"},
    "pair": {"type": ["array", "string"], "items": {"type": "array"}, "description": "pairs of a name and a value"},
    "string": {"type": ["array", "string"], "items": {"type": "string"}, "description": "a list of names"},
}


def build_schemas(signature: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> dict[str, JsonSchema]:
    """Return all schemas by name, for `components.schemas`. They refer to each other by `#/components/schemas/NAME`.

    `labels`: names of the classes for people.
    """
    columns = signature["columns"]
    cells = [build_cell(column) for column in columns]
    names = [column["name"] for column in columns]
    prediction = build_prediction(signature)
    if labels:
        names_of_classes = "; ".join(f"{name}: {label}" for name, label in labels.items())
        prediction["description"] += f" Names of the classes: {names_of_classes}."
    # A row of one string may be the string itself.
    texts = cells if is_one_text(columns) else []
    schemas: dict[str, JsonSchema] = {
        "Row": {
            "description": "One row: a value for each column, in the order of training.",
            "type": "array",
            "prefixItems": cells,
            "items": False,
            "minItems": len(cells),
        },
        "NamedRow": {
            "description": "One row by column names.",
            "type": "object",
            "properties": {column["name"]: _build_named_cell(column) for column in columns},
            "required": [column["name"] for column in columns if _is_required(column)],
            "additionalProperties": _other_features(columns),
        },
        "Record": _named_record(columns, cells),
        "Rows": _list_of("Row", "A list of rows."),
        "NamedRows": _list_of("NamedRow", "A list of rows by column names."),
        "Instances": _wrapper(
            "instances",
            {"type": "array", "minItems": 1, "items": {"anyOf": [_ref("Row"), _ref("NamedRow"), *texts]}},
            "Requests of TensorFlow Serving, Vertex AI and KServe v1.",
        ),
        "DataframeRecords": _wrapper("dataframe_records", _list_of("Record"), "MLflow: a list of records."),
        "DataframeSplit": _wrapper(
            "dataframe_split",
            {
                "type": "object",
                "properties": {
                    "columns": {"anyOf": [_column_names(columns), {"const": list(range(len(names)))}]},
                    "data": {"type": "array", "minItems": 1, "items": {"type": "array"}},
                },
                "required": ["data"],
            },
            "MLflow: columns in any order, and values in the same order. Without columns, values are in the order of training.",
        ),
        "Inputs": _wrapper(
            "inputs",
            {
                "anyOf": [
                    {"type": "array", "minItems": 1, "items": {"anyOf": [_ref("Row"), _ref("Record"), *texts]}},
                    _columns_by_name(columns, cells),
                ]
            },
            "MLflow: rows, or a list of values for each column.",
        ),
        "InferenceRequest": _inference_request(len(cells)),
        "Prediction": prediction,
        "Answer": build_answer(signature),
        "Answers": {
            "description": "The answers to several rows, in the order of the rows.",
            "type": "object",
            "properties": {"predictions": {"type": "array", "items": _ref("Answer")}},
            "required": ["predictions"],
        },
        "Predictions": {
            "description": "The predictions for several rows, in the order of the rows, without probabilities.",
            "type": "object",
            "properties": {"predictions": {"type": "array", "items": _ref("Prediction")}},
            "required": ["predictions"],
        },
        "InferenceResponse": build_inference_response(),
        "ModelCard": {
            "description": "The model card: columns, classes, source and digest of the model.",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "ready": {"const": True},
                "task": {"const": signature["task"]},
                "classes": {"type": ["array", "null"]},
                **({"labels": {"const": dict(labels)}} if labels else {}),
                "executor": {"enum": ["compiled", "onnxruntime", "original"]},
                "columns": {"type": "array", "items": {"type": "object"}},
                "schema": {"type": "object"},
                "source": {"type": "object"},
                "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
            },
            "required": ["name", "ready", "task", "classes", "executor", "columns", "schema", "source", "digest"],
        },
        **(_texts(cells[0]) if texts else {}),
        **METADATA,
        "Problem": PROBLEM,
    }
    return schemas


def _texts(cell: JsonSchema) -> dict[str, JsonSchema]:
    return {
        "Text": {"description": "One row: the text itself.", **cell},
        "Texts": {"description": "A list of texts: one row each.", "type": "array", "minItems": 2, "items": cell},
    }


def _build_named_cell(column: Mapping[str, Any]) -> JsonSchema:
    """Return the schema of one value in a row by names: the features of a FeatureHasher may be JSON instead of its text."""
    return _FEATURES[column["json"]] if "json" in column else _without_null(column, build_cell(column))


def _is_required(column: Mapping[str, Any]) -> bool:
    """Whether a row by names must have the column. An object of features may be the row itself."""
    return not column.get("optional") and column.get("json") != "dict"


def _has_numbers(column: Mapping[str, Any]) -> bool:
    return column["kind"] == "numeric" or (
        column["kind"] == "categorical" and column.get("dtype") not in ("str", "object", "category")
    )


def build_cell(column: Mapping[str, Any]) -> JsonSchema:
    """Return the schema of one value of a column."""
    if "json" in column:
        return {"type": "string", "description": f"JSON text: {_FEATURES[column['json']]['description']}"}
    kinds = ["number" if _has_numbers(column) else "string"]
    if column["kind"] == "categorical":
        kinds += _OTHER_TYPES.get(column.get("dtype", ""), [])
    if column.get("missing"):
        kinds.append("null")
    schema: JsonSchema = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if column["kind"] == "categorical" and column.get("categories"):
        schema["examples"] = column["categories"]
    if str(column.get("dtype")).startswith("datetime"):
        schema |= {"description": "a date and time, ISO 8601", "examples": ["2024-02-03T10:00:00"]}
    if column.get("dtype") in ("int64", "int32") and column["kind"] == "numeric":
        schema["description"] = "integers in training"
    if "minimum" in column:
        low, high = _plain(column["minimum"]), _plain(column["maximum"])
        schema["description"] = f"between {low} and {high} in training"
        schema["examples"] = [low, high]
    return schema


def _plain(value: float) -> float:
    """Return a whole number as an integer, as the model card does."""
    return int(value) if abs(value) < 2**53 and value == int(value) else value


def _columns_by_name(columns: Sequence[Mapping[str, Any]], cells: list[JsonSchema]) -> JsonSchema:
    """Return the schema of lists by column name. A schema cannot require equal lengths."""
    return {
        "type": "object",
        "properties": {
            column["name"]: {"type": "array", "minItems": 1, "items": cell}
            for column, cell in zip(columns, cells, strict=True)
        },
        "required": [column["name"] for column in columns if not column.get("optional")],
        "additionalProperties": True,
    }


def is_one_text(columns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row is one string."""
    return len(columns) == 1 and not _has_numbers(columns[0])


def takes_any(columns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows are dictionaries, whose unknown features the model ignores."""
    return all(column.get("optional") for column in columns) and not all(column.get("dropped") for column in columns)


def _other_features(columns: Sequence[Mapping[str, Any]]) -> Any:
    """Return `additionalProperties`: a vectorizer ignores unknown features, a hasher would use them."""
    if columns and "json" in columns[0]:
        return dict(_VALUE) if columns[0]["json"] == "dict" else False
    if not takes_any(columns) or any(column.get("hashed") for column in columns):
        return False
    return {"type": ["number", "string", "boolean", "null"]}


def _without_null(column: Mapping[str, Any], schema: JsonSchema) -> JsonSchema:
    """Remove null from the schema: a dictionary row omits a feature that it does not have."""
    kinds = schema["type"]
    if column.get("optional") and not column.get("dropped") and column.get("dtype") != "str" and "null" in kinds:
        kinds = [kind for kind in kinds if kind != "null"]
        return schema | {"type": kinds[0] if len(kinds) == 1 else kinds}
    return schema


def _named_record(columns: Sequence[Mapping[str, Any]], cells: list[JsonSchema]) -> JsonSchema:
    """Return the schema of a row in MLflow's bodies, which ignores columns that the model does not have."""
    return {
        "description": "One row of an MLflow request, by column names. Other names are ignored.",
        "type": "object",
        "properties": {
            column["name"]: _FEATURES[column["json"]] if "json" in column else cell
            for column, cell in zip(columns, cells, strict=True)
        },
        "required": [column["name"] for column in columns if _is_required(column)],
    }


def _column_names(columns: Sequence[Mapping[str, Any]]) -> JsonSchema:
    """Return the schema of a DataFrame's column names, in any order, each once; others are ignored."""
    needed = [column["name"] for column in columns if not column.get("optional")]
    schema: JsonSchema = {"type": ["array", "null"], "items": {"type": "string"}, "uniqueItems": True}
    return schema | ({"allOf": [{"contains": {"const": name}} for name in needed]} if needed else {})


def _list_of(name: str, description: str = "") -> JsonSchema:
    schema: JsonSchema = {"type": "array", "minItems": 1, "items": _ref(name)}
    return {"description": description, **schema} if description else schema


def _wrapper(key: str, inner: JsonSchema, description: str) -> JsonSchema:
    return {"description": description, "type": "object", "properties": {key: inner}, "required": [key]}


def _inference_request(width: int) -> JsonSchema:
    tensor = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 0}},
            "datatype": _ref("Datatype"),
            "data": {"type": "array"},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
    return {
        "description": f"Open Inference Protocol v2: one tensor of shape [rows, {width}], or one of [rows] for each column.",
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            },
        },
        "required": ["inputs"],
    }

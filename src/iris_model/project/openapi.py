"""Build the OpenAPI 3.1 document of a function's HTTP endpoint from `function.json` and the model's signature."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from iris_model.contract.labels import label_key
from iris_model.project.openapi_schemas import build_schemas, is_one_text

OPENAPI_VERSION = "3.1.0"
LOCAL_SERVER = "http://127.0.0.1:9000"

_REQUESTS = (
    "Row",
    "NamedRow",
    "Rows",
    "NamedRows",
    "Instances",
    "DataframeRecords",
    "DataframeSplit",
    "Inputs",
    "InferenceRequest",
)
_ANSWERS = ("Answer", "Answers", "Predictions", "InferenceResponse")
# The answers to GET, by the end of the path. The Open Inference Protocol defines its own paths.
_DESCRIPTIONS = (
    (r"/v2/?", "ServerMetadata", "Open Inference Protocol: the server."),
    (r"/v2/health/live", "Live", "Open Inference Protocol: is the server live?"),
    (r"/v2/health/ready", "Ready", "Open Inference Protocol: is the server ready?"),
    (r"/v2/models/[^/]+(/versions/[^/]+)?/ready", "ModelReady", "Open Inference Protocol: is the model ready?"),
    (r"/v2/models/[^/]+(/versions/[^/]+)?", "ModelMetadata", "Open Inference Protocol: tensors in and out."),
    (r".*", "ModelCard", "The model card: name, task, classes, columns, source, digest."),
)
_PROBLEMS = {
    "400": "Malformed: not JSON, CSV or UTF-8, a duplicate key, NaN or Infinity, or an empty body.",
    "413": "More than 6,291,456 bytes, or an answer of more than 6,291,556 bytes.",
    "415": "Unsupported media type, charset or content encoding.",
    "422": "Well-formed, but wrong for this model. `row` and `feature` give the position.",
}


def build_openapi(
    function: Mapping[str, Any],
    signature: Mapping[str, Any],
    *,
    version: str,
    server: str | None = None,
    example_row: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Return the OpenAPI document.

    `function` is the content of `function.json`. `version` is the version of the model. `server` is the address before
    the stage, by default that of the local Lambda. `example_row` becomes the example of a request.
    """
    signature = {**signature, "classes": signature.get("answer_classes", signature.get("classes"))}
    stage, labels = function["stage"], function.get("labels") or {}
    prefix = "" if stage == "$default" else f"/{stage}"
    paths: dict[str, Any] = {}
    for route in (function["route"], *function.get("http", {}).get("more_routes", ())):
        method, _, path = str(route).rpartition(" ")
        if "{" in path:  # a path with a variable: a document cannot list all its values
            continue
        # Operation ids must be unique, so only the operations of the first path have them.
        known = {"get": _describe_operation(path), "post": _predict_operation(signature, example_row)}
        for name, operation in known.items():
            if method in ("", "ANY", name.upper()) and name not in paths.setdefault(path, {}):
                if paths.keys() - {path}:
                    del operation["operationId"]
                paths[path][name] = operation
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": function["name"], "version": version, "description": _describe(signature, labels)},
        "servers": [{"url": (server or LOCAL_SERVER).rstrip("/") + prefix}],
        "paths": paths,
        "components": {"schemas": build_schemas(signature, function.get("labels"))},
    }


def _describe(signature: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    classes = signature.get("classes")
    text = f"A {signature['task'].replace('_', ' ')} of {len(signature['columns'])} columns"
    if classes and not isinstance(classes[0], list):
        text += ", with the classes " + ", ".join(_show(each, labels) for each in classes)
    return text + ", on AWS Lambda."


def _show(label: Any, labels: Mapping[str, str]) -> str:
    name = labels.get(label_key(label))
    return f"{label} ({name})" if name else str(label)


def _predict_operation(signature: Mapping[str, Any], example_row: Sequence[Any] | None) -> dict[str, Any]:
    requests = (*_REQUESTS, "Text", "Texts") if is_one_text(signature["columns"]) else _REQUESTS
    body: dict[str, Any] = {"schema": {"anyOf": [_ref(name) for name in requests]}}
    if example_row is not None:
        names = [column["name"] for column in signature["columns"]]
        body["examples"] = {
            "row": {"value": list(example_row)},
            "named row": {"value": dict(zip(names, example_row, strict=True))},
            "rows": {"value": [list(example_row)]},
        }
    csv = {"schema": {"type": "string", "description": "One row per line, with or without a header line."}}
    return {
        "operationId": "predict",
        "summary": "Predict one or more rows. The answer uses the protocol of the request.",
        "requestBody": {"required": True, "content": {"application/json": body, "text/csv": csv}},
        "responses": {
            "200": {
                "description": "The predictions.",
                "content": {
                    "application/json": {"schema": {"anyOf": [_ref(name) for name in _ANSWERS]}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            },
            **{status: _problem(text) for status, text in _PROBLEMS.items()},
        },
    }


def _describe_operation(path: str) -> dict[str, Any]:
    schema, summary = next(rest for ending, *rest in _DESCRIPTIONS if re.search(f"{ending}$", path))
    return {
        "operationId": "describe",
        "summary": summary,
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": _ref(schema)}}},
        },
    }


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": _ref("Problem")}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}

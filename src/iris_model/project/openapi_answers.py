"""Build JSON Schemas of a model's answers from its signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

JsonSchema = dict[str, Any]


def build_prediction(signature: Mapping[str, Any]) -> JsonSchema:
    """Return the schema of a label, a number, or a list of either for several targets."""
    return {"description": _describe_prediction(signature), **_prediction_value(signature)}


def _describe_prediction(signature: Mapping[str, Any]) -> str:
    classes = signature.get("classes")
    if classes:
        return "The predicted class of each target." if isinstance(classes[0], list) else "The predicted class."
    return {
        "transformer": "The transformed row.",
        "clusterer": "The cluster of the row.",
    }.get(signature["task"], "The predicted value, or one value for each target.")


def _prediction_value(signature: Mapping[str, Any]) -> JsonSchema:
    outputs = signature["outputs"]
    name = next((each for each in ("predict", "transform", "score_samples") if each in outputs), "")
    described = outputs.get(name, {})
    classes = signature.get("classes")
    if classes and isinstance(classes[0], list):
        options = [{"enum": group} for group in classes]
        return {"type": "array", "prefixItems": options, "items": False, "minItems": len(options)}
    if classes:
        return {"enum": list(classes)}
    width = described.get("columns", 1)
    # A model may answer with NaN or an infinity, which become null in JSON.
    number: JsonSchema = {"type": ["number", "null"]}
    if described.get("kind") == "label":
        number = {"type": ["number", "string", "boolean"]}
    if isinstance(width, int) and (width > 1 or name == "transform"):
        return {"type": "array", "items": number, "minItems": width, "maxItems": width}
    return {"anyOf": [number, {"type": "array", "items": number}]} if not described else number


def build_answer(signature: Mapping[str, Any]) -> JsonSchema:
    """Return the schema of the answer to one row."""
    schema: JsonSchema = {
        "description": "The answer to one row.",
        "type": "object",
        "properties": {"prediction": {"$ref": "#/components/schemas/Prediction"}},
        "required": ["prediction"],
        "additionalProperties": False,
    }
    if signature["task"] == "classifier" and "predict_proba" in signature["outputs"]:
        one: JsonSchema = {"type": "object", "additionalProperties": {"type": ["number", "null"]}}
        classes = signature.get("classes")
        several = bool(classes) and isinstance(classes[0], list)  # type: ignore[index]
        schema["properties"]["probabilities"] = {"anyOf": [one, {"type": "array", "items": one}]} if several else one
        schema["required"].append("probabilities")
        schema["description"] = "The answer to one row: the prediction, and the probability of each class."
    return schema


def build_inference_response() -> JsonSchema:
    """Return the schema of an answer of the Open Inference Protocol."""
    tensor = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^predict(_proba(_[0-9]+)?)?$"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"enum": ["BOOL", "INT64", "FP64", "BYTES"]},
            "data": {"type": "array"},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
    return {
        "description": "Open Inference Protocol v2: one tensor for each requested output.",
        "type": "object",
        "properties": {
            "model_name": {"type": "string"},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": tensor},
        },
        "required": ["model_name", "outputs"],
    }

"""Shareable test events of the Lambda console, in the form of the console and SAM.

All events of a function are one OpenAPI document in a registry of EventBridge Schemas. Other events in it are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from iris_model.aws.client.calls import Aws
from iris_model.errors import DeploymentError

REGISTRY = "lambda-testevent-schemas"
_ABSENT = ("NotFoundException",)
_EXISTS = ("ConflictException",)

# https://docs.aws.amazon.com/eventbridge/latest/schema-reference: Content
LARGEST_DOCUMENT = 100_000
_KEPT_VERSIONS = 5
# https://spec.openapis.org/oas/v3.0.3#components-object
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def schema_name(function: str) -> str:
    """Return the console's schema name for a function."""
    return f"_{function}-schema"


def read_events(aws: Aws, function: str) -> dict[str, Any]:
    """Return the events by name; empty if there are none."""
    return {name: example.get("value") for name, example in _examples(_read_document(aws, function)).items()}


def write_events(aws: Aws, function: str, events: Mapping[str, Any], *, replace: bool) -> tuple[str, ...]:
    """Write `events` into the document. Return the changed names. Without `replace`, a changed event is an error."""
    for name in events:
        if not _NAME.fullmatch(name):
            raise DeploymentError(
                f"the event {name!r} cannot be stored in the console; expected letters, digits, dots, hyphens and underscores",
                remedy="Rename its file.",
            )
    document = _read_document(aws, function)
    there = _examples(document)
    different = [name for name in events if name in there and there[name].get("value") != events[name]]
    if different and not replace:
        raise DeploymentError(
            f"the console has different events with the names {', '.join(different)} for {function}",
            remedy="Use --force to replace them, or `iris-model events pull` to copy them here.",
        )
    changed = tuple(name for name in events if name not in there or name in different)
    if not changed:
        return ()
    examples = {**there, **{name: {**there.get(name, {}), "value": events[name]} for name in changed}}
    text = _document(document, examples)
    if len(text) > LARGEST_DOCUMENT:
        sizes = sorted(((len(json.dumps(each)), name) for name, each in examples.items()), reverse=True)
        raise DeploymentError(
            f"the events of {function} are {len(text):,} characters together; the limit of AWS is {LARGEST_DOCUMENT:,}",
            remedy=f"Shorten or remove events. The largest is {sizes[0][1]} with {sizes[0][0]:,}.",
        )
    _write_document(aws, function, text, exists=bool(document))
    return changed


def _read_document(aws: Aws, function: str) -> dict[str, Any]:
    answer = aws.call(
        "schemas", "DescribeSchema", f"test events of {function}", absent=_ABSENT, RegistryName=REGISTRY,
        SchemaName=schema_name(function),
    )  # fmt: skip
    if not answer:
        return {}
    try:
        document = json.loads(answer["Content"])
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("components", {}), dict):
        raise DeploymentError(
            f"the test events of {function} are not an OpenAPI document",
            remedy=f"Check it: aws schemas describe-schema --registry-name {REGISTRY} --schema-name {schema_name(function)}",
        )
    return document


def _examples(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = document.get("components", {}).get("examples") or {}
    return {name: example for name, example in found.items() if isinstance(example, dict)}


def _document(old: Mapping[str, Any], examples: Mapping[str, Any]) -> str:
    components = dict(old.get("components", {}))
    components.setdefault("schemas", {"Event": {}})
    components["examples"] = dict(examples)
    head = {"openapi": "3.0.0", "info": {"version": "1.0.0", "title": "Event"}, "paths": {}}
    return json.dumps({**head, **old, "components": components}, ensure_ascii=False)


def _write_document(aws: Aws, function: str, text: str, *, exists: bool) -> None:
    what, name = f"test events of {function}", schema_name(function)
    aws.call("schemas", "CreateRegistry", f"registry {REGISTRY}", absent=_EXISTS, RegistryName=REGISTRY)
    parameters: dict[str, Any] = {"RegistryName": REGISTRY, "SchemaName": name, "Type": "OpenApi3", "Content": text}
    if not exists:
        created = aws.call("schemas", "CreateSchema", what, absent=_EXISTS, **parameters)
        if created:
            return
    _forget_old_versions(aws, what, name)
    aws.call("schemas", "UpdateSchema", what, **parameters)


def _forget_old_versions(aws: Aws, what: str, name: str) -> None:
    """Delete old versions of a document: AWS limits their number, and then refuses a new one."""
    found = aws.pages("schemas", "ListSchemaVersions", what, "SchemaVersions", RegistryName=REGISTRY, SchemaName=name)
    numbers = sorted((each["SchemaVersion"] for each in found), key=int)
    for number in numbers[: max(0, len(numbers) - _KEPT_VERSIONS + 1)]:
        aws.call(
            "schemas", "DeleteSchemaVersion", what, absent=_ABSENT, RegistryName=REGISTRY, SchemaName=name,
            SchemaVersion=number,
        )  # fmt: skip

"""The tables of log fields match the logged fields, and the fields that commands read."""

from __future__ import annotations

import json
import re

import pytest

from iris_model.cost import read_reports
from tests.docs.log_fields import JSON, KINDS, TEXT, Field
from tests.docs.logged import Record, write_records

FORMATS = {"Text": TEXT, "JSON": JSON}
TEXT_REPORT = (
    "REPORT RequestId: 6f7f0961\tDuration: 1.39 ms\tBilled Duration: 81 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 12 MB\tInit Duration: 79.45 ms\t"
)
JSON_METRICS = {
    "durationMs": 1.39,
    "billedDurationMs": 81,
    "memorySizeMB": 128,
    "maxMemoryUsedMB": 12,
    "initDurationMs": 79.45,
}


@pytest.fixture(scope="module", params=FORMATS)
def logged(request: pytest.FixtureRequest) -> tuple[list[Record], dict[str, tuple[Field, ...]]]:
    return write_records(request.param), FORMATS[request.param]


def test_every_field_is_logged_and_nothing_else(logged: tuple[list[Record], dict[str, tuple[Field, ...]]]) -> None:
    records, table = logged
    seen = {(kind, name) for kind, fields in records for name in fields}
    assert seen == {(kind, field.name) for kind, fields in table.items() for field in fields}


def test_values_and_examples_are_of_their_kind(logged: tuple[list[Record], dict[str, tuple[Field, ...]]]) -> None:
    records, table = logged
    values = {(kind, name, str(value)) for kind, fields in records for name, value in fields.items()}
    examples = {
        (kind, field.name, f"{field.example} {field.unit}") for kind, fields in table.items() for field in fields
    }
    for kind, name, value in values | examples:
        (field,) = [each for each in table[kind] if each.name == name]
        bare = re.sub(rf" ?({field.unit})?$", "", value) if field.unit else value.strip()
        assert re.fullmatch(KINDS[field.kind], bare, re.DOTALL), (kind, name, value)


@pytest.mark.parametrize("field", TEXT["REPORT"], ids=lambda field: field.name)
def test_fields_read_from_text_lines(field: Field) -> None:
    without = re.sub(rf"(\t|(?<=REPORT )){field.name}: [^\t]*(?=\t)", "", TEXT_REPORT)
    assert (read_reports([without]) != read_reports([TEXT_REPORT])) == field.read


@pytest.mark.parametrize("field", JSON["platform.report"], ids=lambda field: field.name)
def test_fields_read_from_json_lines(field: Field) -> None:
    whole = {
        "time": "t",
        "type": "platform.report",
        "record": {"requestId": "r", "status": "success", "metrics": JSON_METRICS},
    }
    assert read_reports([json.dumps(whole)])
    *path, last = field.name.split(".")
    changed = json.loads(json.dumps(whole))
    inner = changed
    for step in path:
        inner = inner[step]
    inner.pop(last, None)
    assert (read_reports([json.dumps(changed)]) != read_reports([json.dumps(whole)])) == field.read

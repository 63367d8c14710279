"""Schemas and problems: the pages show the answers of the local service, and are up to date."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from iris_model.runtime.problems import HEADERS, STATUSES
from tests.docs import log_fields_page, problems_page, schemas_page
from tests.docs.asking import ask_all
from tests.docs.questions import DESCRIPTIONS, FORMS, PROBLEMS, Form, Question
from tests.support.book import REPOSITORY

PROVOKED = [(name, question) for name, (_, _, questions) in PROBLEMS.items() for question in questions]
SHIPPED = [path for name in ("runtime", "engine") for path in (REPOSITORY / "src/iris_model" / name).rglob("*.py")]


def check(name: str, value: Any) -> None:
    document = ask_all().openapi
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    Draft202012Validator(schema).validate(value)


@pytest.mark.parametrize("page", [schemas_page, problems_page, log_fields_page], ids=lambda page: page.REFERENCE_PAGE)
def test_the_page_is_up_to_date(page: Any) -> None:
    written = (REPOSITORY / page.REFERENCE_PAGE).read_text(encoding="utf-8")
    assert written == page.render_reference(), "run python scripts/write_reference.py"


def test_the_openapi_document_is_up_to_date_and_valid() -> None:
    written = (REPOSITORY / schemas_page.OPENAPI_FILE).read_text(encoding="utf-8")
    assert written == schemas_page.render_openapi(), "run python scripts/write_reference.py"
    validate(json.loads(written))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.request)
def test_every_form_and_its_answer_are_as_their_schemas_say(form: Form) -> None:
    check(form.request, json.loads(form.question.body))
    reply = ask_all().replies[form.question]
    assert reply.status == 200
    check(form.answer, reply.json())


@pytest.mark.parametrize(("name", "question"), DESCRIPTIONS, ids=[name for name, _ in DESCRIPTIONS])
def test_every_description_is_as_its_schema_says(name: str, question: Question) -> None:
    check(name, ask_all().replies[question].json())


def test_every_schema_is_on_the_page() -> None:
    schemas = ask_all().openapi["components"]["schemas"]
    headings = re.findall(r"^### (\w+)$", schemas_page.render_reference(), re.MULTILINE)
    assert sorted(headings) == sorted([*schemas, "CSV"])


@pytest.mark.parametrize(("name", "question"), PROVOKED, ids=[f"{name}: {each.title}" for name, each in PROVOKED])
def test_every_problem_is_what_the_page_says(name: str, question: Question) -> None:
    reply = ask_all().replies[question]
    problem = reply.json()
    check("Problem", problem)
    assert (reply.status, reply.header("content-type")) == (STATUSES[name], "application/problem+json")
    assert (problem["status"], problem["type"]) == (STATUSES[name], f"urn:iris-model:problem:{name}")
    assert set(problem) <= set(problems_page.MEMBERS)
    for header, value in HEADERS.get(name, {}).items():
        assert reply.header(header) == value


def test_every_problem_of_the_code_is_on_the_page() -> None:
    used = {name for path in SHIPPED for name in re.findall(r'problem="([^"]+)"', path.read_text(encoding="utf-8"))}
    assert used | {"invalid-input"} == set(STATUSES) == set(PROBLEMS)
    assert list(problems_page.MEMBERS) == list(ask_all().openapi["components"]["schemas"]["Problem"]["properties"])

"""docs/reference/schemas.md: the JSON Schema of every request and answer, with what the local service answered to an example."""

from __future__ import annotations

import json
from typing import Any

from tests.docs.asking import Asked, ask_all
from tests.docs.questions import CSV, DESCRIPTIONS, FORMS, Question
from tests.docs.writing import code, layout, show_json

REFERENCE_PAGE = "docs/reference/schemas.md"
OPENAPI_FILE = "docs/reference/iris.openapi.json"

_HEAD = """\
# Schemas of requests and answers

<!-- Made by `python scripts/write_reference.py`; do not edit. A test asks the local service, and validates what it answers. -->

`iris-model openapi` makes the OpenAPI 3.1 document of *your* endpoint from the signature of your model: for
documentation, for generators of clients, for tests. Its schemas are JSON Schema 2020-12. Below are those of the model in
`examples/iris`, as an example; the whole document is [iris.openapi.json](iris.openapi.json). In words the formats are in
[requests and answers](requests.md), and what is refused is in [problems](problems.md).

```
iris-model openapi . -o openapi.json
```
"""


def render_reference() -> str:
    """The page."""
    asked = ask_all()
    schemas = asked.openapi["components"]["schemas"]
    parts = [_HEAD, "## Requests\n"]
    for form in FORMS:
        schema = schemas[form.request]
        parts += [
            f"### {form.request}\n",
            f"{schema['description'].rstrip('.')}.\n",
            _exchange(form.question, asked, f"[{form.answer}](#{form.answer.lower()})"),
            _schema(schema),
        ]
    parts += ["### CSV\n", "One row a line, with or without a line of the features' names: `text/csv`.\n"]
    for question in CSV:
        reply = asked.replies[question]
        shown = show_json(reply.json()) if "json" in (reply.header("content-type") or "") else _rounded_csv(reply.body)
        accept = question.headers.get("accept")
        parts.append(
            f"{question.title}{f', because of `accept: {accept}`' if accept else ''}:\n\n```csv\n{question.text.strip()}\n```\n\n"
            f"{shown}\n"
        )
    parts.append("## Answers\n")
    for name in ("Prediction", *dict.fromkeys(form.answer for form in FORMS), "Problem"):
        parts += [f"### {name}\n", _schema(schemas[name], sentence=True)]
    parts.append("## What a GET is answered\n")
    for name, question in DESCRIPTIONS:
        answer = asked.replies[question].json()
        note = ""
        if "source" in answer:
            answer["source"] = {key: answer["source"][key] for key in ("library", "class")}
            note = " (of `source` only the beginning; [all of it](compiled-model.md))"
        parts += [
            f"### {name}\n",
            f"`GET {question.path}`{note}:\n\n{show_json(answer)}\n\nIts schema:\n",
            _schema(schemas[name]),
        ]
    for name in ("MetadataTensor", "Datatype"):
        parts += [f"### {name}\n", _schema(schemas[name], sentence=True)]
    return "\n".join(parts)


def render_openapi() -> str:
    """The whole document."""
    return layout(dict(ask_all().openapi)) + "\n"


def _exchange(question: Question, asked: Asked, answered: str) -> str:
    body = code(question.text) if len(question.text) < 100 else f"```json\n{layout(json.loads(question.body))}\n```"
    return f"{body}\n\nis answered with {answered}:\n\n{show_json(asked.replies[question].json())}\n\nIts schema:\n"


def _schema(schema: dict[str, Any], *, sentence: bool = False) -> str:
    described = schema.get("description", "")
    intro = f"{described}\n\n" if sentence and described else ""
    return f"{intro}```json\n{layout({name: item for name, item in schema.items() if name != 'description'})}\n```\n"


def _rounded_csv(body: bytes) -> str:
    lines = []
    for line in body.decode().splitlines():
        lines.append(",".join(f"{float(cell):.6g}" if _is_number(cell) else cell for cell in line.split(",")))
    return "```csv\n" + "\n".join(lines) + "\n```"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

"""docs/reference/problems.md: every problem as the local service answers it, made from the runtime's own table."""

from __future__ import annotations

from iris_model.project.openapi_schemas import PROBLEM
from iris_model.runtime.events import REASONS
from iris_model.runtime.problems import HEADERS, STATUSES
from tests.docs.asking import Asked, ask_all
from tests.docs.questions import PROBLEMS, Question
from tests.docs.writing import code, show_json, table

REFERENCE_PAGE = "docs/reference/problems.md"

_HEAD = """\
# Problems

<!-- Made by `python scripts/write_reference.py`; do not edit. A test provokes every row on the local service. -->

What does not fit is answered with [problem details](https://www.rfc-editor.org/rfc/rfc9457), `application/problem+json`:
never a 500, never half an answer. `type` and `status` are for programs and stay as they are; `detail` is one sentence for
people and may change.
"""

MEMBERS = {
    "type": ("always", "`urn:iris-model:problem:` and one of the words below"),
    "title": ("always", "the reason phrase of the status"),
    "status": ("always", "the status of the answer"),
    "detail": ("always", "what is wrong, where, and what was expected"),
    "error": ("always", "`detail` once more: clients of KServe, Triton and the Open Inference Protocol look there"),
    "row": ("where one row is wrong", "counted from 0; a header line of CSV is no row"),
    "feature": ("where one feature is wrong", "its name"),
    "expected": ("where it can be said shortly", "what would have fitted"),
}

_TAIL = """\
## In a direct invocation

There is no status. The function fails with the same sentence; for the first example of `invalid-input`, the Invoke API
answers 200 with `X-Amz-Function-Error: Unhandled` and:

{direct}

and `requestId` and `stackTrace` besides. A key that occurs twice is not seen there: Lambda has parsed the JSON before.

## What is not answered by the model

API Gateway, a function URL and the Invoke API refuse on their own account, in their own forms: no route, throttled,
larger than they take, a function that fails. The [local Lambda](local.md#http-api) and [behaviour](behaviour.md) have
them all. An error of your own code in the handler is a function error: behind HTTP a 500 without a reason, and its
traceback in the [log](log-fields.md).
"""


def render_reference() -> str:
    """The page."""
    asked = ask_all()
    members = [[code(name), *MEMBERS[name]] for name in PROBLEM["properties"]]
    overview = [
        [f"[`{name}`](#{name})", str(status), REASONS[status], PROBLEMS[name][0]] for name, status in STATUSES.items()
    ]
    parts = [
        _HEAD,
        table(["member", "is there", "what it is"], members) + "\n",
        table(["type", "status", "title", "when"], overview) + "\n",
        *[_render(name, asked) for name in STATUSES],
        _TAIL.format(direct=show_json({name: asked.direct.json()[name] for name in ("errorType", "errorMessage")})),
    ]
    return "\n".join(parts)


def _render(name: str, asked: Asked) -> str:
    when, remedy, questions = PROBLEMS[name]
    first = asked.replies[questions[0]]
    rows = [
        [each.title, code(_show(each)), asked.replies[each].json()["detail"].replace("<", "&lt;")] for each in questions
    ]
    extra = "".join(f" Further header: `{key}: {value}`." for key, value in HEADERS.get(name, {}).items())
    return "\n".join(
        [
            f"## {name}\n",
            f"Status {first.status}, {first.json()['title']}. {when}\n\n{remedy}{extra}\n",
            table(["request", "body", "`detail`"], rows) + "\n",
            f"The first of them, whole:\n\n{show_json(first.json())}\n",
        ]
    )


def _show(question: Question) -> str:
    special = {name: value for name, value in question.headers.items() if name not in ("content-type", "accept")}
    media = question.headers.get("content-type", "")
    notes = [media] if media != "application/json" else []
    notes += [f"{name}: {value}" for name, value in special.items()]
    return question.text.strip() + (f"  ({', '.join(notes)})" if notes else "")

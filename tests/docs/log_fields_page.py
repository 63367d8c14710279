"""docs/reference/log-fields.md, made from the table."""

from __future__ import annotations

from tests.docs.log_fields import JSON, TEXT, Field
from tests.docs.writing import code, table

REFERENCE_PAGE = "docs/reference/log-fields.md"

_HEAD = """\
# Log fields

<!-- Made by `python scripts/write_reference.py`; do not edit. A test holds the tables against what the local Lambda logs. -->

A function's log has lines of two origins: those of the platform (Lambda, or the local Lambda in its place) and those of
the function, written by the runtime inside the sandbox. Both come as text or as JSON: `log-format` in `iris-model.toml`,
`--log-format` of `iris-model serve`. The fields are Lambda's own and those of its Python runtime, so that whatever reads
your other functions' logs reads these. What a handler prints is a line as it is, in both formats.

**Read** marks what this tool itself reads: `iris-model logs` and `cost --from-log` or `--remote`, and `deploy`, when it
verifies. Further fields of AWS's lines, as `Restore Duration` or those of X-Ray, are passed over.

## What comes when

| you see | in text | in JSON, at the system log level |
|---|---|---|
| a sandbox starts | INIT_START | `platform.initStart`, INFO |
| its init is over | INIT_REPORT, if not all is well | `platform.initRuntimeDone`, `platform.initReport`, DEBUG |
| an invocation begins | START | `platform.start`, INFO |
| it is over | END, REPORT | `platform.runtimeDone`, DEBUG; `platform.report`, INFO; both WARN if it failed |
| the handler uses `logging` | a record | a record, at its own level |
| the handler fails | an error | an error, at ERROR |

A bad request behind HTTP, a 4xx, is an answer and no failure: it is not in the log. In a direct invocation it is an error.
"""

_TITLES = {"record": "A record of `logging`", "error": "An error that left the handler"}

_LINES = {
    "START": "`START RequestId: ... Version: ...`",
    "END": "`END RequestId: ...`",
    "record": "`[LEVEL]`, time, request id and message, with tabs between.",
    "error": "`[ERROR] type: message`, then the traceback in the same log event.",
}


def render_reference() -> str:
    """The page."""
    parts = [_HEAD]
    for title, kinds in (("Text", TEXT), ("JSON", JSON)):
        parts.append(f"## {title}\n")
        if kinds is TEXT:
            parts.append(
                "Fields of INIT_START, REPORT and INIT_REPORT are `Name: value`, with tabs between; units follow numbers.\n"
            )
        else:
            parts.append("One object a line. `a.b` is the field `b` of the object `a`; `[]` is each of a list.\n")
        for name, fields in kinds.items():
            line = f"{_LINES[name]}\n" if kinds is TEXT and name in _LINES else ""
            parts += [f"### {_TITLES.get(name, name)}{' (JSON)' if name in _TITLES and kinds is JSON else ''}\n"]
            parts += [line] if line else []
            parts.append(
                table(["field", "type", "unit", "is there", "example", "what it is", "read"], list(map(_row, fields)))
                + "\n"
            )
    return "\n".join(parts)


def _row(field: Field) -> list[str]:
    return [
        code(field.name), field.kind, field.unit, field.present, code(field.example), field.meaning, "yes" if field.read else "",
    ]  # fmt: skip

"""docs/reference/behaviour.md, made from the table."""

from __future__ import annotations

from tests.behaviour.cases import CASES
from tests.behaviour.table import Case

REFERENCE_PAGE = "docs/reference/behaviour.md"

_HEAD = """\
# Behaviour compared with AWS

<!-- Generated from `tests/behaviour` by `scripts/write_reference.py`; do not edit. -->

This page compares `iris-model serve` with AWS Lambda and the official Runtime Interface Emulator (with `awslambdaric`). Every
row is a test: `make test` checks the third column, `make e2e` the fourth.

The second column is the behaviour of AWS, with its source in parentheses:

| mark | source |
|---|---|
| doc | documentation of AWS |
| model | the service model of the SDKs |
| cap | published answers of AWS |
| run | published measurements on AWS |
| sec | secondary sources |
| ? | not certain |
"""


def render_reference() -> str:
    """The page."""
    parts = [_HEAD]
    for section in dict.fromkeys(case.section for case in CASES):
        rows = [_row(case) for case in CASES if case.section == section]
        parts.append(
            f"## {section}\n\n| case | AWS | `iris-model serve` | emulator |\n|---|---|---|---|\n"
            + "\n".join(rows)
            + "\n"
        )
    return "\n".join(parts)


def _row(case: Case) -> str:
    ours = case.ours.describe() if case.ours is not None else "as AWS"
    emulator = case.emulator.describe() if case.emulator is not None else "not available"
    name = case.name + (f" ({case.note})" if case.note else "")
    cells = [name, f"{case.aws.describe()} ({case.mark})", ours, emulator]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\t", "\\t") for cell in cells) + " |"

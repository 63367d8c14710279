"""docs/reference/behaviour.md, made from the table."""

from __future__ import annotations

from tests.behaviour.cases import CASES
from tests.behaviour.table import Case

REFERENCE_PAGE = "docs/reference/behaviour.md"

_HEAD = """\
# Behaviour, side by side

Made from `tests/behaviour` by `scripts/write_reference.py`; do not edit. Every row is a test: `make test` sends its
request to `iris-model serve` and checks the third column, `make e2e` sends it to the official Runtime Interface Emulator
(with `awslambdaric`) and checks the fourth. The second column is what AWS does, as far as is known, and how that is known:
**doc** documentation, **model** the service model of the SDKs, **cap** answers of AWS that others have published, **run**
measured by others on AWS, **sec** told by others, **?** not known for certain.
"""


def render_reference() -> str:
    """The page."""
    parts = [_HEAD]
    for section in dict.fromkeys(case.section for case in CASES):
        rows = [_row(case) for case in CASES if case.section == section]
        parts.append(f"## {section}\n\n| case | AWS | ours | emulator |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(case: Case) -> str:
    ours = case.ours.describe() if case.ours is not None else "as AWS"
    emulator = case.emulator.describe() if case.emulator is not None else "nothing of the kind"
    name = case.name + (f" ({case.note})" if case.note else "")
    cells = [name, f"{case.aws.describe()} ({case.mark})", ours, emulator]
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\t", "\\t") for cell in cells) + " |"

"""The text output of `iris-model diff`: the summary, the changed labels, then the rows with the largest changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_model.table_io import ChangedRow, Comparison


def show_comparison(compared: Comparison, before: str, after: str) -> str:
    """Return the lines for a terminal. `before` and `after` name the models."""
    return "\n".join(_lines(compared, before, after))


def _lines(compared: Comparison, before: str, after: str) -> Iterator[str]:
    yield f"before  {before}"
    yield f"after   {after}"
    yield ""
    if not compared.rows:
        yield "There are no rows to compare."
        return
    if not compared.different:
        yield f"No prediction changes in {compared.rows:,} rows."
    else:
        yield f"{compared.different:,} of {compared.rows:,} rows change ({compared.share:.2%})."
    for count, said in (
        (compared.changed, "get a different prediction"),
        (compared.refused_after, "are refused by the second model only"),
        (compared.refused_before, "are refused by the first model only"),
        (compared.refused_by_both, "are refused by both models"),
    ):
        if count and compared.different != count:
            yield f"  {count:,} {said}"
    for names, said in ((compared.removed, "only before"), (compared.added, "only after")):
        if names:
            yield f"Answers {said}: {', '.join(names)}"
    if compared.labels:
        yield ""
        yield from _table(
            ("before", "after", "rows"), [(one, two, f"{rows:,}") for (one, two), rows in compared.labels.most_common()]
        )
    moved = {name: shift for name, shift in compared.shifts.items() if shift.largest}
    if moved:
        yield ""
        yield from _table(
            ("answer", "mean shift", "largest shift"),
            [(name, f"{shift.mean:.4g}", f"{shift.largest:.4g}") for name, shift in moved.items()],
        )
    if compared.largest:
        yield ""
        yield f"The {len(compared.largest)} rows that change most:" if len(compared.largest) > 1 else "The row:"
        yield from _rows(compared.largest)


def _rows(rows: Sequence[ChangedRow]) -> Iterator[str]:
    files = len({row.file for row in rows}) > 1
    kept = list(rows[0].kept)
    head = ("line", *kept, "before", "after", "shift")
    cells = []
    for row in rows:
        place = f"{row.file}:{row.line}" if files else str(row.line)
        shown = [_show(row.kept[name]) for name in kept]
        if row.refusal:
            cells.append((place, *shown, row.refusal, "", ""))
        else:
            shift = f"{row.shift:.4g}" if math.isfinite(row.shift) else ""
            cells.append((place, *shown, _join(row.before), _join(row.after), shift))
    yield from _table(head, cells)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return columns that are two spaces apart, each as wide as its widest cell."""
    # The refusal is a sentence. It may extend over the columns to its right.
    widths = [max(len(str(line[at])) for line in (head, *rows) if line[-1] or line is head) for at in range(len(head))]
    for line in (head, *rows):
        yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip()


def _join(values: Sequence[Any]) -> str:
    return ", ".join(map(_show, values))


def _show(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""Progress of a run over many rows, on one line of a terminal, and its summary."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from iris_model.cli.verbosity import QUIET, find_verbosity

if TYPE_CHECKING:
    from iris_model.table_io import Progress, Summary

SECONDS_BETWEEN = 0.2


@contextlib.contextmanager
def show_progress(stream: TextIO) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows rows, rate and time left, if `stream` is a terminal and --quiet is not used."""
    if not stream.isatty() or find_verbosity() == QUIET:
        yield lambda progress: None
        return
    shown = [0.0]

    def on_progress(progress: Progress) -> None:
        now = time.monotonic()
        if now - shown[0] >= SECONDS_BETWEEN:
            shown[0] = now
            stream.write("\r" + describe_progress(progress, now) + "\033[K")
            stream.flush()

    try:
        yield on_progress
    finally:
        stream.write("\r\033[K")
        stream.flush()


def describe_progress(progress: Progress, now: float) -> str:
    """One line: `1,200,000 rows, 800,000 rows/s, 40 %, 2 s left`."""
    parts = [f"{progress.rows:,} rows", f"{progress.rate:,.0f} rows/s"]
    if progress.refused:
        parts.append(f"{progress.refused:,} refused")
    if progress.total_bytes:
        share = min(1.0, progress.read_bytes / progress.total_bytes)
        parts.append(f"{share:.0%}")
        if share:
            left = (now - progress.started) * (1 - share) / share
            parts.append(f"{show_seconds(left)} left")
    return ", ".join(parts)


def show_seconds(seconds: float) -> str:
    """`12 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def show_summary(output: str, summary: Summary) -> str:
    """Return the summary of a run, in one or two lines."""
    rate = (summary.rows - summary.resumed_rows) / max(summary.seconds, 1e-9)
    name = "to standard output" if output == "-" else output
    text = f"Wrote {name}: {summary.rows:,} rows in {summary.seconds:.1f} s ({rate:,.0f} rows/s)."
    if not summary.rows:
        text += "\nThe input has no rows: check that the file is the right one, and that it is not empty."
    if summary.resumed_rows:
        text += f" An earlier run had scored {summary.resumed_rows:,} of them."
    if summary.refused:
        is_one = summary.refused == 1
        if summary.errors_file:
            where = f"{'it is' if is_one else 'they are'} in {summary.errors_file}"
        else:
            where = "it has no answer" if is_one else "they have no answers"
        text += f"\nThe model refused {summary.refused:,} {'row' if is_one else 'rows'}; {where}."
    return text

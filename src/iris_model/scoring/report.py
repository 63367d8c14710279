"""The text and HTML representations of a model, for a session and for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from iris_model.contract.comparison import Report

MOST_NAMES = 8


def describe(
    signature: Mapping[str, Any], source: Mapping[str, Any], size: int, report: Report | None
) -> dict[str, str]:
    """Return the facts of a model by their labels, in display order."""
    columns = [column["name"] for column in signature["columns"]]
    facts = {
        "model": f"{source.get('class', 'unknown')} ({source.get('library', '')} {source.get('version', '')})",
        "task": str(signature["task"]),
        "columns": f"{len(columns)}: {_some(columns)}",
    }
    if classes := signature.get("classes"):
        facts["classes"] = f"{len(classes)}: {_some(classes)}"
    facts["size"] = _show_size(size)
    if report is not None:
        facts["compared"] = report.summary()
    return facts


def as_text(facts: Mapping[str, str]) -> str:
    """Return the facts as one line of text."""
    return f"<iris_model.Model {facts['model']}, {facts['task']}, columns {facts['columns']}, {facts['size']}>"


def as_html(facts: Mapping[str, str]) -> str:
    """A small table for a notebook."""
    rows = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    return f"<table>{rows}</table>"


def _some(values: list[Any]) -> str:
    return ", ".join(map(str, values[:MOST_NAMES])) + (", ..." if len(values) > MOST_NAMES else "")


def _show_size(size: int) -> str:
    return f"{size / 1024:.1f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MiB"

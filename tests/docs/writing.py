"""Parts of a generated page: readable JSON, cells of a table."""

from __future__ import annotations

import json
import re
from textwrap import fill
from typing import Any

_DIGITS = 6
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WIDTH = 110


def show_json(value: Any) -> str:
    """A fenced block. Numbers have six digits and digests none, so that a page is the same on every machine."""
    return f"```json\n{layout(shorten(value))}\n```"


def shorten(value: Any) -> Any:
    """The value without what differs between machines."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, str):
        return _DIGEST.sub("...", value)
    if isinstance(value, dict):
        return {name: shorten(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shorten(item) for item in value]
    return value


def layout(value: Any, indent: str = "") -> str:
    """JSON on one line where it fits, else one line for each member."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= _WIDTH or not isinstance(value, (dict, list)) or not value:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [
            f"{inner}{json.dumps(name, ensure_ascii=False)}: {layout(item, inner)}" for name, item in value.items()
        ]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if not any(isinstance(item, (dict, list)) for item in value):
        words = [json.dumps(item, ensure_ascii=False) + "," for item in value]
        words[-1] = words[-1][:-1]
        return "[\n" + fill(" ".join(words), _WIDTH, initial_indent=inner, subsequent_indent=inner) + f"\n{indent}]"
    return "[\n" + ",\n".join(inner + layout(item, inner) for item in value) + f"\n{indent}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines).replace(
        "|  |", "| |"
    )


def code(text: str) -> str:
    """Text between backticks, on one line."""
    return f"`{text.strip().replace(chr(10), chr(92) + 'n')}`" if text.strip() else ""

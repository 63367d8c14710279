"""The table of keys as text: the reference page, and the `iris-model.toml` that `init` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iris_model.project.keys import KEYS, Key, show_value

REFERENCE_PAGE = "docs/reference/iris-model-toml.md"

_HEAD = """\
# iris-model.toml

<!-- Generated from src/iris_model/project/keys.py by `python scripts/write_reference.py`; a test compares the two. -->

The settings of a project, in [TOML](https://toml.io). Unknown keys, wrong types and values out of range are refused,
all of them in one message. A path is relative to the project.

| key | value | default | what it is |
|---|---|---|---|
"""


def render_reference() -> str:
    """Render the reference page."""
    sections = dict.fromkeys(key.section for key in KEYS)
    parts = [_HEAD + "".join(_row(key) for key in KEYS if not key.section)]
    for section in sections:
        if section:
            head = f"\n## [{section}]\n\n| key | value | default | what it is |\n|---|---|---|---|\n"
            parts.append(head + "".join(_row(key) for key in KEYS if key.section == section))
    return "".join(parts)


def render_settings_file(values: Mapping[str, Any]) -> str:
    """Render an `iris-model.toml` that sets `values`, each with its line of documentation."""
    lines = [f"# Every key, with its range and its default: {REFERENCE_PAGE}"]
    for key in KEYS:
        if key.path in values:
            unit = f", in {key.unit}" if key.unit else ""
            lines += ["", f"# {key.doc.removesuffix('.')}{unit}.", f"{key.name} = {show_value(values[key.path])}"]
    return "\n".join([*lines, ""])


def _row(key: Key) -> str:
    return f"| `{key.name}` | {key.expectation} | {_default(key)} | {key.doc} |\n"


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default_doc:
        return key.default_doc
    if key.default is None or (key.kind in ("texts", "table") and not key.default):
        return "none"
    return f"`{show_value(key.default)}`"

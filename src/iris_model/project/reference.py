"""The table of keys as text: the reference page, and the `iris-model.toml` that `init` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iris_model.project.key import Key, show_value, write_value
from iris_model.project.keys import KEYS

REFERENCE_PAGE = "docs/reference/iris-model-toml.md"

_HEAD = """\
# iris-model.toml

<!-- Generated from the tables in src/iris_model/project by `python scripts/write_reference.py`; a test compares the two. -->

The settings of a project, in [TOML](https://toml.io). Unknown keys, wrong types and values out of range are refused,
all of them in one message. A path is relative to the project.

| key | value | default | what it is |
|---|---|---|---|
"""

_STAGES = f"""
## [stages.NAME]

A stage is the same model and handler, deployed once more: `iris-model deploy --stage prod`. Its table holds what differs. Without
more, the function is called `<name>-<stage>`, the stack and the first part of the path follow it, and tables such as
`environment` or `tags` are laid over those of the project key by key; an empty one, `cors = {{}}`, takes the project's away.

```toml
[stages.prod]
memory = 512
log-retention-days = 365

[stages.prod.throttling]
rate = 50
burst = 100
```

In a stage may stand: {", ".join(f"`{key.path}`" for key in KEYS if key.staged)}.
"""


def render_reference() -> str:
    """Render the reference page."""
    sections = dict.fromkeys(key.section for key in KEYS)
    parts = [_HEAD + "".join(_row(key) for key in KEYS if not key.section)]
    for section in sections:
        if section:
            head = f"\n## [{section}]\n\n| key | value | default | what it is |\n|---|---|---|---|\n"
            parts.append(head + "".join(_row(key) for key in KEYS if key.section == section))
    parts.append(_STAGES)
    return "".join(parts)


def render_settings_file(values: Mapping[str, Any]) -> str:
    """Render an `iris-model.toml` that sets `values`, each with its line of documentation."""
    lines = [f"# Every key, with its range and its default: {REFERENCE_PAGE}"]
    for key in KEYS:
        if key.path in values:
            unit = f", in {key.unit}" if key.unit else ""
            lines += ["", f"# {key.doc.removesuffix('.')}{unit}.", f"{key.name} = {write_value(values[key.path])}"]
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
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    return f"`{show_value(default)}`"

"""Write the table of keys as text: the reference page, and the `iris-model.toml` of `init`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iris_model.contract.documentation import SETTINGS
from iris_model.project.configuration.event_keys import EVENT_KEYS
from iris_model.project.configuration.key import Key, show_value, write_value
from iris_model.project.configuration.keys import KEYS

REFERENCE_PAGE = "docs/reference/iris-model-toml.md"

_HEAD = """\
# iris-model.toml

<!-- Generated from the tables in src/iris_model/project by `python scripts/write_reference.py`; a test compares the two. -->

All keys of a project's `iris-model.toml`, in [TOML](https://toml.io). Unknown keys, wrong types and values out of range
are refused, all in one message. Paths are relative to the project.

| key | value | default | meaning |
|---|---|---|---|
"""

_EVENTS = """
## [events.NAME]

A source of events, and where the answers go: [Answer queues, streams and buckets](../how-to/events.md). NAME has up to 32
letters and digits, and starts with a letter. Stages do not inherit `[events]`, because a message of a queue goes to one
function only; a stage may have its own, `[stages.prod.events.NAME]`.

| key | value | default | meaning |
|---|---|---|---|
"""

_STAGES = f"""
## [stages.NAME]

A stage is another deployment of the same model and handler: `iris-model deploy --stage prod`. Its table contains the
differences. By default, the function and the stack are called `<name>-<stage>`, and the path starts with the name of the stage:
`/<stage>/<name>`. Tables such as `environment` or `tags` override those of the project key by key. An empty table, such as
`cors = {{}}`, removes that of the project.

```toml
[stages.prod]
memory = 512
log-retention-days = 365

[stages.prod.throttling]
rate = 50
burst = 100
```

These keys are allowed in a stage:

{"".join(f"- `{key.path}`{chr(10)}" for key in KEYS if key.staged)}
"""


def render_reference() -> str:
    """Render the reference page."""
    sections = dict.fromkeys(key.section for key in KEYS)
    parts = [_HEAD + "".join(_row(key) for key in KEYS if not key.section)]
    for section in sections:
        if section:
            head = f"\n## [{section}]\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
            parts.append(head + "".join(_row(key) for key in KEYS if key.section == section))
    parts += [_EVENTS, *(_row(key) for key in EVENT_KEYS), _STAGES]
    return "".join(parts)


def render_settings_file(values: Mapping[str, Any]) -> str:
    """Return an `iris-model.toml` that sets `values`, each with its line of documentation."""
    lines = [f"# Every key, with its range and its default: {SETTINGS}"]
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
    if key.default is None or (key.kind in ("texts", "table", "lists") and not key.default):
        return "none"
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    return f"`{show_value(default)}`"

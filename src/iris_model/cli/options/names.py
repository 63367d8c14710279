"""Options with several names of columns or outputs, separated by commas."""

from __future__ import annotations


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the names, without surrounding spaces and duplicates."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))

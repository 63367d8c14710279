"""Memoize pure functions in the cache of this user."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from iris_model.project.caching.entries import Entries
from iris_model.project.caching.surroundings import tool_files
from iris_model.project.caching.user_cache import default_directory

# The bytecode of a project's modules takes some kilobytes, that of iris-model a hundred for each Python.
MOST_BYTES = 32 * 1024 * 1024


def remembered(name: str, decision: object, make: Callable[[], bytes]) -> bytes:
    """Return the result of `make` for the same `decision` (a JSON value) and the same source files of iris-model, cached."""
    key = hashlib.sha256(json.dumps([tool_files(), decision], sort_keys=True).encode()).hexdigest()
    entries = Entries(default_directory() / name, MOST_BYTES)
    content = entries.read(key)
    if content is None:
        content = make()
        entries.keep(key, content)
    return content

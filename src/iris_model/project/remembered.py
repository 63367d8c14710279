"""Results of pure functions in this user's cache: a name and all that decides the result in, the result out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from iris_model.project.entries import Entries
from iris_model.project.surroundings import tool_files
from iris_model.project.user_cache import default_directory

# Bytecode of a project's modules takes some kilobytes, that of ours a hundred for each Python.
MOST_BYTES = 32 * 1024 * 1024


def remembered(name: str, decision: object, make: Callable[[], bytes]) -> bytes:
    """What `make` gave for the same `decision` (anything that JSON can say) and the same files of this tool."""
    key = hashlib.sha256(json.dumps([tool_files(), decision], sort_keys=True).encode()).hexdigest()
    entries = Entries(default_directory() / name, MOST_BYTES)
    content = entries.read(key)
    if content is None:
        content = make()
        entries.keep(key, content)
    return content

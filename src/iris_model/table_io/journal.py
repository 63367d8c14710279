"""The journal of a run: a file next to the output, replaced atomically, deleted when the output is complete."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .blocks import Place

SUFFIX = ".partial.json"
# The shortest time between two writes, because each one first flushes the output to disk.
SECONDS_BETWEEN = 1.0


class Journal:
    """Stores the position in the inputs and the state of the outputs. `identity`: everything that determines the answers."""

    def __init__(self, output: Path, identity: Mapping[str, Any]) -> None:
        self._path = output.with_name(output.name + SUFFIX)
        self._identity = identity
        self._written = time.monotonic()

    def read(self) -> Mapping[str, Any] | None:
        """Return the state of an earlier run; None if there is no journal or if its identity differs."""
        try:
            found = json.loads(self._path.read_bytes())
            same = found["identity"] == json.loads(json.dumps(self._identity))
            return found["state"] if same else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def exists(self) -> bool:
        """Whether there is a run to continue."""
        return self._path.exists()

    @property
    def is_due(self) -> bool:
        """Whether the last write is long enough ago for the next one."""
        return time.monotonic() - self._written >= SECONDS_BETWEEN

    def write(self, place: Place, **state: Any) -> None:
        """Write the journal. Raises OSError."""
        value = {"identity": self._identity, "state": {"place": vars(place), **state}}
        scratch = self._path.with_name(self._path.name + "~")
        try:
            with scratch.open("w", encoding="utf-8") as file:
                json.dump(value, file)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(self._path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the journal."""
        self._path.unlink(missing_ok=True)

"""Where this user's cache lies. Everything in it can be made again, and may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "IRIS_MODEL_CACHE"


def default_directory() -> Path:
    """`$IRIS_MODEL_CACHE`, else `iris-model` where this user's caches are."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "iris-model"

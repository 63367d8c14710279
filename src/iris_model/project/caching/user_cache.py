"""The directory of this user's cache. It may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "IRIS_MODEL_CACHE"


def default_directory() -> Path:
    """Return `$IRIS_MODEL_CACHE`, or else `iris-model` in this user's cache directory."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("iris-model", appauthor=False)

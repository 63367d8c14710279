"""Find the opener of a model file inside a function: its format, and for pickles whether joblib wrote it."""

from __future__ import annotations

from pathlib import Path

from iris_model.readers.formats import PICKLE, find_format
from iris_model.readers.pickled.pickles import scan_pickle

from .open import read_file

JOBLIB = "joblib"


def read_format(path: Path) -> str:
    """Return the format of the file at `path`."""
    return find_format(path, read_file(path))


def find_opener(path: Path) -> str:
    """Return the name under which `runtime/executors/opening.py` opens the file: its format, or "joblib"."""
    found = read_format(path)
    if found != PICKLE:
        return found
    return JOBLIB if scan_pickle(path).is_joblib else PICKLE

"""A model file that was read once: its bytes, its format, and what a scan finds in it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from iris_model.errors import ModelFileError
from iris_model.readers.formats import FORMATS, JOBLIB, PICKLE, SAVE_AGAIN, ModelFormat, find_format
from iris_model.readers.graph import Estimator
from iris_model.readers.pickled.compressed import inflate
from iris_model.readers.pickled.machine import NotAPickle
from iris_model.readers.pickled.scan import PickleScan
from iris_model.readers.pickled.skops import NotSkops


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a model file, and their format."""

    path: Path
    data: bytes
    format: ModelFormat

    @cached_property
    def plain(self) -> bytes:
        """The bytes without compression. Raises NotAPickle if they cannot be decompressed."""
        return inflate(self.data)

    @cached_property
    def scan(self) -> PickleScan | None:
        """The names in the file; None for formats without any. Raises ModelFileError if it is damaged."""
        if not self.format.scanner:
            return None
        try:
            found: PickleScan = _find_function(self.format.scanner)(self.plain)
        except (NotAPickle, NotSkops) as error:
            is_skops = isinstance(error, NotSkops)
            again = "Save the fitted model again with skops.io.dump, and copy the file in binary mode."
            raise ModelFileError(
                f"{self.path} has {len(self.data)} bytes and is not a {'skops file' if is_skops else 'complete pickle'}: "
                f"{error}",
                remedy=again if is_skops else SAVE_AGAIN,
            ) from None
        return found

    @property
    def opener(self) -> str:
        """The name under which `runtime/executors/opening.py` opens the file: its format, or "joblib"."""
        is_joblib = self.format.name == PICKLE and self.scan is not None and self.scan.is_joblib
        return JOBLIB if is_joblib else self.format.name

    def open(self, trust: Sequence[str]) -> Estimator:
        """Return the estimator in the file. Raises ModelFileError, or UntrustedModel before any code of it has run."""
        return _find_function(self.format.opener)(self, trust)


def read_model_file(path: str | Path) -> ModelFile:
    """Read a file and determine its format. Raises ModelFileError."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(
            f"no model file {path}", remedy="Check the path, or train the model first (python train.py)."
        ) from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}", remedy="Check the path.") from None
    return ModelFile(path, data, find_format(path, data))


def scan_pickle(path: str | Path) -> PickleScan:
    """Scan the pickle, joblib or skops file at `path`. Raises ModelFileError for another file."""
    file = read_model_file(path)
    # Data of a library is reported as what it is not: a complete pickle.
    found = file.scan or ModelFile(file.path, file.data, FORMATS[PICKLE]).scan
    assert found is not None, "pickles have a scanner"
    return found


def _find_function(name: str) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(f"iris_model.readers.{module}"), function)

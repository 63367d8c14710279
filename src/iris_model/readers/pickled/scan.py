"""The result of scanning a pickle, joblib or skops file."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.readers.libraries import LIBRARIES

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")

VERSION_KEYS = {library.version_key: library.distribution for library in LIBRARIES.values() if library.version_key}


@dataclass(frozen=True)
class PickleScan:
    """The names in a pickle. `class_name` is the public name of the class of the outermost object, if known.

    `calls` are the refused ones, as (called name, sentence).
    """

    globals: tuple[tuple[str, str], ...]
    versions: dict[str, tuple[str, ...]]
    class_name: str | None
    calls: tuple[tuple[str, str], ...] = ()

    @property
    def is_joblib(self) -> bool:
        """Whether bytes of arrays are between the opcodes."""
        return WRAPPER in self.globals

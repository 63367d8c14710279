"""What `inspect`, `compile` and `init` say of a model and its verification, and the import path for trusted names."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

GENERATED_ONLY = (
    "All compared rows were generated. To compare your own rows too, give --data rows.csv: a header line, then rows like "
    "those of training."
)


def describe_source(model_class: str, library: str) -> str:
    """Return the class of a model with its library and version. `library` may be empty.

    An ONNX file has the name of its exporter, such as pytorch. Its version is not in the class: it would look like that of
    onnxruntime, which opens the file.
    """
    if library.startswith("onnxruntime "):
        return f"{model_class}, opened with {library}"
    return f"{model_class} of {library}" if library else model_class


@contextlib.contextmanager
def modules_next_to(model: Path, trust: Sequence[str]) -> Iterator[None]:
    """Add the directory of the model file to the import path for trusted names. It is last, so that it does not hide
    installed libraries.
    """
    if not trust:
        yield
        return
    entry = str((model if model.is_dir() else model.parent).resolve())
    sys.path.append(entry)
    try:
        yield
    finally:
        sys.path.remove(entry)

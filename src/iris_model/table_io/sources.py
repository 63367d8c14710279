"""Find the input files of paths, patterns and directories, and decompress them."""

from __future__ import annotations

import glob
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from iris_model.errors import IrisModelError

from .formats import COMPRESSIONS, FORMATS, Format, find_format

STANDARD = "-"
SUFFIXES = (*FORMATS, *COMPRESSIONS)


@dataclass(frozen=True)
class Input:
    """One file, or standard input. `size`: bytes on disk; 0 for standard input."""

    name: str
    format: Format
    size: int = 0

    @property
    def is_standard(self) -> bool:
        """Whether it is standard input."""
        return self.name == STANDARD

    @property
    def is_seekable(self) -> bool:
        """Whether another process can read the file from a given offset."""
        return not self.is_standard and not self.format.compression and self.size > 0


def find_inputs(names: Sequence[str], wanted: str | None = None) -> list[Input]:
    """Return the inputs in the order of the arguments. Files of a pattern or a directory are sorted by name."""
    found: list[Input] = []
    for name in names:
        if name == STANDARD:
            if wanted is None:
                raise IrisModelError(
                    "the format of standard input is not known",
                    remedy="Add --input-format, for example --input-format csv",
                )
            found.append(Input(name, find_format(name, wanted)))
            continue
        paths = _expand(name)
        if not paths:
            raise IrisModelError(f"{name} does not exist", remedy="Check the path or the pattern.")
        found += [Input(str(path), find_format(str(path), wanted), path.stat().st_size) for path in paths]
    if sum(each.is_standard for each in found) > 1:
        raise IrisModelError("standard input (-) is given more than once", remedy="Pass - only once.")
    return found


def _expand(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith((".", "_")))
        files = [each for each in files if each.suffix.lower().lstrip(".") in SUFFIXES]
        if not files:
            raise IrisModelError(
                f"{name} has no files of a known format",
                remedy=f"Expected {', '.join('.' + each for each in FORMATS)}.",
            )
        return files
    if path.exists():
        return [path]
    # Path.glob does not accept absolute patterns.
    return sorted(Path(each) for each in glob.glob(name, recursive=True) if Path(each).is_file())  # noqa: PTH207


@contextmanager
def open_bytes(source: Input) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield (decompressed stream, file on disk). The position in the file shows the progress."""
    if source.is_standard:
        yield _decompress(sys.stdin.buffer, source.format.compression), sys.stdin.buffer
        return
    try:
        with Path(source.name).open("rb") as file:
            yield _decompress(file, source.format.compression), file
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise IrisModelError(f"{source.name} is not valid gzip: {error}", remedy="Write the file again.") from None
    except OSError as error:
        raise IrisModelError(
            f"{source.name} cannot be read: {error.strerror or error}", remedy="Correct the path, or its permissions."
        ) from None


def _decompress(file: IO[bytes], compression: str) -> IO[bytes]:
    if compression == "gzip":
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if compression == "zstd":
        made: IO[bytes] = import_zstandard().ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return made
    return file


def import_zstandard() -> Any:
    """Return the module. Raises IrisModelError with the install command if it is missing."""
    try:
        import zstandard
    except ImportError:
        raise IrisModelError(
            "zstd needs the library zstandard, which is not installed", remedy="pip install 'iris-model[zstd]'"
        ) from None
    return zstandard


def import_pyarrow() -> Any:
    """Return the module. Raises IrisModelError with the install command if it is missing."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise IrisModelError(
            "Parquet needs the library pyarrow, which is not installed", remedy="pip install 'iris-model[parquet]'"
        ) from None
    return pyarrow

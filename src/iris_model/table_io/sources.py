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
        raise IrisModelError(
            f"{source.name} is not valid {source.format.compression}: {error}", remedy="Write the file again."
        ) from None
    except OSError as error:
        raise IrisModelError(
            f"{source.name} cannot be read: {error.strerror or error}", remedy="Correct the path, or its permissions."
        ) from None


def _decompress(file: IO[bytes], compression: str) -> IO[bytes]:
    if compression == "gzip":
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if compression == "zstd":
        return io.BufferedReader(_Frames(file))
    return file


class _Frames(io.RawIOBase):
    """Reads all frames of zstd in a file. The reader of zstandard takes a file that is cut off for a complete one.

    Raises EOFError for a damaged file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._zstandard = import_zstandard()
        self._frame: Any = None
        self._made = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read up to the length of the buffer."""
        while not self._made:
            # Little at a time: a frame of repeated bytes is a thousand times shorter than its content.
            if not (piece := self._file.read(4096)):
                if self._frame is not None:
                    raise EOFError("the file ended before the end of a frame")
                return 0
            self._made = memoryview(self._unpack(piece))
        count = min(len(buffer), len(self._made))
        buffer[:count], self._made = self._made[:count], self._made[count:]
        return count

    def _unpack(self, piece: bytes) -> bytes:
        made = []
        while piece:
            self._frame = self._frame or self._zstandard.ZstdDecompressor().decompressobj()
            try:
                made.append(self._frame.decompress(piece))
            except self._zstandard.ZstdError as error:
                raise EOFError(str(error)) from None
            piece = self._frame.unused_data if self._frame.eof else b""
            self._frame = None if self._frame.eof else self._frame
        return b"".join(made)


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

"""Decompress what joblib and gzip write around a pickle."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

from iris_model.errors import ModelFileError


def _open_lzma(file: io.BytesIO) -> BinaryIO:
    return cast(BinaryIO, lzma.LZMAFile(file))


# First bytes -> the decompressor. joblib recognizes files by the same bytes (joblib.compressor).
FORMATS: dict[bytes, tuple[str, Callable[[io.BytesIO], BinaryIO]]] = {
    b"\x1f\x8b": ("gzip", lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file))),
    b"\x78": ("zlib", lambda file: cast(BinaryIO, _ZlibFile(file))),
    b"BZ": ("bz2", lambda file: cast(BinaryIO, bz2.BZ2File(file))),
    b"\xfd7zXZ": ("xz", _open_lzma),
    b"\x5d\x00": ("lzma", _open_lzma),
}
LZ4 = b"\x04\x22\x4d\x18"

# Models compress to a tenth, arrays of zeros to a hundredth. A higher ratio is a decompression bomb. Small files may
# expand to this size.
MOST_RATIO = 100
ALWAYS_ALLOWED = 64 << 20
MOST_BYTES = 16 << 30
_CHUNK = 1 << 20


def bound(compressed: int) -> int:
    """Return the largest accepted size for that many compressed bytes."""
    return min(max(ALWAYS_ALLOWED, MOST_RATIO * compressed), MOST_BYTES)


def inflate(data: bytes) -> bytes:
    """Return the decompressed bytes; bytes that are not compressed are returned unchanged."""
    if data.startswith(LZ4):
        raise ModelFileError(
            "the model file is compressed with lz4, which the standard library cannot decompress",
            remedy="Save it again with joblib.dump(model, path, compress=3)",
        )
    for prefix, (name, open_format) in FORMATS.items():
        if data.startswith(prefix):
            try:
                return _read_bounded(open_format(io.BytesIO(data)), name, bound(len(data)))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise ModelFileError(
                    f"the model file looks like {name} but cannot be decompressed ({error}); it is damaged",
                    remedy="Copy it again in binary mode, or save the model again.",
                ) from None
    return data


def _read_bounded(file: BinaryIO, name: str, most: int) -> bytes:
    plain = io.BytesIO()
    while part := file.read(_CHUNK):
        if plain.tell() + len(part) > most:
            raise ModelFileError(
                f"the model file is {name} of more than {most >> 20} MB, more than {MOST_RATIO} times its own size, "
                f"which is not plausible for a model",
                remedy="Decompress it yourself if you trust its source, and pass the decompressed file.",
            )
        plain.write(part)
    return plain.getvalue()


class _ZlibFile:
    """Reads a zlib stream in parts, with the interface of the other formats' files."""

    def __init__(self, file: io.BytesIO) -> None:
        self._inflater = zlib.decompressobj()
        self._rest = file.getvalue()

    def read(self, size: int) -> bytes:
        part = self._inflater.decompress(self._rest, size)
        self._rest = self._inflater.unconsumed_tail
        if not part and not self._inflater.eof:
            raise EOFError("the stream is truncated")
        return part

"""Undoes the compression that joblib and gzip write around a pickle."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable

from iris_model.errors import ModelFileError

# First bytes -> how to undo it. joblib knows a file by the same bytes (joblib.compressor).
FORMATS: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"\x78": ("zlib", zlib.decompress),
    b"BZ": ("bz2", bz2.decompress),
    b"\xfd7zXZ": ("xz", lzma.decompress),
    b"\x5d\x00": ("lzma", lzma.decompress),
}
LZ4 = b"\x04\x22\x4d\x18"


def inflate(data: bytes) -> bytes:
    """Return the plain bytes; what is not compressed comes back as it is."""
    if data.startswith(LZ4):
        raise ModelFileError(
            "the model file is compressed with lz4, which the standard library cannot undo",
            remedy="Save it again with joblib.dump(model, path, compress=3)",
        )
    for prefix, (name, decompress) in FORMATS.items():
        if data.startswith(prefix):
            try:
                return decompress(data)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise ModelFileError(
                    f"the model file looks like {name} but cannot be decompressed ({error}); it is damaged",
                    remedy="Copy it again in binary mode, or save the model again.",
                ) from None
    return data

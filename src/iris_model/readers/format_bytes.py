"""Recognize formats by the first bytes of a file: pickle, compressed, zip, ONNX. Uses the standard library only."""

from __future__ import annotations

import bz2
import io
import lzma
import mmap
import zipfile
import zlib

_HEAD_BYTES = 4096
_GZIP, _BZ2, _XZ, _LZMA = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x5d\x00\x00"
LZ4 = b"\x04\x22\x4d\x18"

# Fields of ONNX's ModelProto by number, with their wire type (0: varint, 2: length-delimited).
_ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_ONNX_GRAPH = 7


def looks_like_pickle(data: bytes) -> bool:
    """Whether the bytes start like a pickle: with the header of protocol 2 and later, a global, or a mark."""
    if data[:1] == b"\x80":
        return data[1:2] <= b"\x05"
    # Protocols 0 and 1 of an object: "ccopy_reg\n_reconstructor\n", or "(" and then a name.
    return data[:1] in (b"c", b"(") and b"\n" in data[:256] and data.rstrip()[-1:] == b"."


def looks_compressed(data: bytes) -> bool:
    """Whether the bytes are compressed with gzip, zlib, bzip2, xz, lzma or lz4."""
    is_zlib = data[:1] == b"\x78" and len(data) > 1 and int.from_bytes(data[:2], "big") % 31 == 0
    return is_zlib or data.startswith((_GZIP, _BZ2, _XZ, _LZMA, LZ4))


def inner_head(data: bytes) -> bytes | None:
    """Return the first bytes after decompression, or None if they cannot be read."""
    try:
        if data.startswith((_GZIP, b"\x78")):
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(data[: 1 << 20], _HEAD_BYTES)
        if data.startswith(_BZ2):
            return bz2.BZ2Decompressor().decompress(data[: 1 << 20], _HEAD_BYTES)
        if data.startswith((_XZ, _LZMA)):
            return lzma.LZMADecompressor().decompress(data[: 1 << 20], _HEAD_BYTES)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return None
    return None


def names_in_zip(data: bytes) -> frozenset[str]:
    """Return the names in a zip archive; empty if the bytes are not a zip archive, or are damaged."""
    if not data.startswith(b"PK\x03\x04"):
        return frozenset()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return frozenset()


def looks_like_onnx(data: bytes) -> bool:
    """Whether the bytes are a protocol buffer with the fields of ONNX's ModelProto, including its graph."""
    position, seen = 0, set()
    while position < len(data):
        tag = read_varint(data, position)
        if tag is None:
            return False
        number, kind = tag[0] >> 3, tag[0] & 7
        if _ONNX_FIELDS.get(number) != kind:
            return False
        value = read_varint(data, tag[1])
        if value is None:
            return False
        seen.add(number)
        position = value[1] + (value[0] if kind == 2 else 0)
    return _ONNX_GRAPH in seen and position == len(data)


def read_varint(data: bytes | mmap.mmap, position: int) -> tuple[int, int] | None:
    """Return the varint at `position` and the position after it, or None."""
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    return None

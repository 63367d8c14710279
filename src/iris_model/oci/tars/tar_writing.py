"""Write tar files (POSIX ustar, with pax headers for long names), always the same bytes for the same entries.

`tarfile` is not used, because its output changes between Python versions and a layer's digest must not. The owner is
0:0 without names, times are one fixed time, modes come from the entries.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from iris_model.errors import InvalidImage
from iris_model.oci.digests import BLOCK
from iris_model.oci.tars.gzips import Writable
from iris_model.oci.tars.layer_entries import LayerEntry
from iris_model.oci.writing import storage_errors

FIXED_TIME = 315532800
"""1980-01-01, the oldest time that zip files can represent."""

_RECORD = 512
_LARGEST_OCTAL_SIZE = 0o77777777777
_FILE, _LINK, _DIRECTORY, _PAX = b"0", b"2", b"5", b"x"


def write_tar(entries: Iterable[LayerEntry], target: Writable, *, modified: int = FIXED_TIME, end: bool = True) -> None:
    """Write entries in the given order, and the end of the archive if `end`."""
    for entry in entries:
        if entry.is_directory:
            target.write(_headers(entry.path + "/", entry.mode, 0, modified, _DIRECTORY))
        elif entry.target:
            target.write(_headers(entry.path, entry.mode, 0, modified, _LINK, entry.target))
        else:
            _write_file(entry, target, modified)
    if end:
        target.write(bytes(2 * _RECORD))


def write_member(
    target: Writable, path: str, blocks: Iterable[bytes], size: int, *, modified: int = FIXED_TIME
) -> None:
    """Write one file of known size from blocks."""
    target.write(_headers(path, 0o644, size, modified, _FILE))
    for block in blocks:
        target.write(block)
    target.write(bytes(-size % _RECORD))


def _write_file(entry: LayerEntry, target: Writable, modified: int) -> None:
    content = entry.content
    if isinstance(content, Path):
        with storage_errors(content, "read"):
            stream: BinaryIO = content.open("rb")
            size = content.stat().st_size
    else:
        assert content is not None
        stream, size = io.BytesIO(content), len(content)
    with stream:
        target.write(_headers(entry.path, entry.mode, size, modified, _FILE))
        _copy(stream, size, target, str(content) if isinstance(content, Path) else entry.path)


def _copy(stream: BinaryIO, size: int, target: Writable, what: str) -> None:
    left = size
    while left:
        block = stream.read(min(BLOCK, left))
        if not block:
            raise InvalidImage(
                f"{what}: it was truncated while it was read", remedy="Try again when no other process writes to it."
            )
        target.write(block)
        left -= len(block)
    target.write(bytes(-size % _RECORD))


def _headers(path: str, mode: int, size: int, modified: int, kind: bytes, link: str = "") -> bytes:
    """Return the header of an entry, after a pax header if a value does not fit."""
    name, target = _encode(path), _encode(link)
    prefix, short = _split(name)
    extended: dict[str, bytes] = {}
    if short is None:
        extended["path"] = name
        prefix, short = b"", name[:100]
    if len(target) > 100 or not target.isascii():
        extended["linkpath"] = target
    if size > _LARGEST_OCTAL_SIZE:
        extended["size"] = str(size).encode()
    main = _header(prefix, short, mode, 0 if "size" in extended else size, modified, kind, target[:100])
    if not extended:
        return main
    records = b"".join(_pax_record(key, value) for key, value in sorted(extended.items()))
    padded = records + bytes(-len(records) % _RECORD)
    return _header(b"", b"pax", 0o644, len(records), modified, _PAX, b"") + padded + main


def _encode(text: str) -> bytes:
    """Encode a name as UTF-8; invalid bytes of local file names are preserved."""
    return text.encode("utf-8", "surrogateescape")


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """Split a long path at a slash into prefix and name for ustar; no name if it does not fit or is not ASCII."""
    if not name.isascii():
        return b"", None
    if len(name) <= 100:
        return b"", name
    at = name.find(b"/", max(len(name) - 101, 1))
    if 0 < at <= 155 and 0 < len(name) - at - 1 <= 100:
        return name[:at], name[at + 1 :]
    return b"", None


def _header(prefix: bytes, name: bytes, mode: int, size: int, modified: int, kind: bytes, link: bytes) -> bytes:
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0" % mode,
        b"%07o\0" % 0,  # owner
        b"%07o\0" % 0,  # group
        b"%011o\0" % size,
        b"%011o\0" % modified,
        b" " * 8,  # the checksum counts itself as spaces
        kind,
        link.ljust(100, b"\0"),
        b"ustar\x0000",
        bytes(32),  # owner's name
        bytes(32),  # group's name
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    header = b"".join(fields)
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:]


def _pax_record(key: str, value: bytes) -> bytes:
    r"""Return `<length> <key>=<value>\n`, where the length includes its own digits."""
    body = b" " + key.encode() + b"=" + value + b"\n"
    length = len(body) + len(str(len(body)))
    if len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body

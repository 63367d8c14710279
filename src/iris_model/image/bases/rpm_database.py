"""Read the packages of an RPM database, `rpmdb.sqlite` of Amazon Linux 2023, Fedora and RHEL 9, without `rpm`.

Takes the bytes of the database and of its write-ahead log, if there is one. Raises UnreadableDatabase. The database is
not trusted: its code is disabled, and time and memory are limited.

Each row of the table Packages is one header: two counts, the index, the data. All numbers are big-endian
(https://rpm-software-management.github.io/rpm/manual/format_header.html).
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.image.bases.system_package import Package
from iris_model.oci.writing import storage_errors

if TYPE_CHECKING:
    import sqlite3

_NAME, _VERSION, _RELEASE, _EPOCH, _VENDOR, _LICENSE, _ARCHITECTURE, _SOURCE = (
    1000, 1001, 1002, 1003, 1011, 1014, 1022, 1044,
)  # fmt: skip
_TEXTS = (_NAME, _VERSION, _RELEASE, _VENDOR, _LICENSE, _ARCHITECTURE, _SOURCE)
_INT32, _STRING, _STRING_ARRAY, _TRANSLATED = 4, 6, 8, 9
_MOST_ENTRIES = 0xFFFF
_MOST_PACKAGES = 100_000
_MOST_STEPS = 20_000  # each of a thousand instructions; a system of a thousand packages takes ten steps
_LARGEST_HEADER = 64 << 20
_LIMIT_LENGTH = 0  # SQLITE_LIMIT_LENGTH
_KEYS = "gpg-pubkey"


class UnreadableDatabase(ValueError):
    """The packages cannot be listed. The message is the reason."""


def read_rpm_packages(database: bytes, log: bytes = b"") -> list[Package]:
    """Return all packages, sorted by name. Keys, which rpm stores as packages without files, are left out."""
    found = [package for package in map(_package, _headers(database, log)) if package.name != _KEYS]
    return sorted(found, key=lambda each: (each.name, each.version, each.architecture))


def _headers(database: bytes, log: bytes) -> Iterator[bytes]:
    try:
        import sqlite3
    except ImportError:
        raise UnreadableDatabase("it is an SQLite file, and this Python has no sqlite3 module") from None
    # Copy it to disk, because SQLite reads the log only from a file.
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rpmdb.sqlite"
        with storage_errors(path, "written"):
            path.write_bytes(database)
            if log:
                path.with_name("rpmdb.sqlite-wal").write_bytes(log)
        try:
            connection = sqlite3.connect(path, isolation_level=None)
            try:
                _bound(connection)
                for count, (blob,) in enumerate(connection.execute("SELECT blob FROM Packages ORDER BY hnum")):
                    if count >= _MOST_PACKAGES:
                        raise UnreadableDatabase(f"it names more than {_MOST_PACKAGES} packages")
                    if not isinstance(blob, bytes):
                        raise UnreadableDatabase(f"row {count + 1} of its packages is not a header")
                    yield blob
            finally:
                connection.close()
        except sqlite3.Error as failure:
            raise UnreadableDatabase(f"SQLite reports: {failure}") from None


def _bound(connection: sqlite3.Connection) -> None:
    """Disable code in the file, and limit SQLite's time and memory."""
    connection.setlimit(_LIMIT_LENGTH, _LARGEST_HEADER)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    steps = iter(range(_MOST_STEPS))
    connection.set_progress_handler(lambda: next(steps, None) is None, 1000)


def _package(blob: bytes) -> Package:
    tags = read_header(blob)
    name, version, release = (str(tags.get(tag, "")) for tag in (_NAME, _VERSION, _RELEASE))
    if not name or not version:
        raise UnreadableDatabase("one of its headers names no package")
    return Package(
        kind="rpm",
        name=name,
        version=f"{version}-{release}" if release else version,
        architecture=str(tags.get(_ARCHITECTURE, "")),
        license=str(tags.get(_LICENSE, "")),
        vendor=str(tags.get(_VENDOR, "")),
        source=str(tags.get(_SOURCE, "")),
        epoch=str(tags.get(_EPOCH, "")),
    )


def read_header(blob: bytes) -> dict[int, str | int]:
    """Return the tags of a header that identify the package."""
    try:
        entries, size = struct.unpack_from(">II", blob)
        start = 8 + 16 * entries
        if entries > _MOST_ENTRIES or start + size > len(blob):
            raise UnreadableDatabase(f"a header of {len(blob)} bytes claims {entries} entries and {size} bytes of data")
        tags: dict[int, str | int] = {}
        for number in range(entries):
            tag, kind, offset, count = struct.unpack_from(">IIII", blob, 8 + 16 * number)
            if tag == _EPOCH and kind == _INT32 and count and offset + 4 <= size:
                (tags[tag],) = struct.unpack_from(">I", blob, start + offset)
            elif tag in _TEXTS and kind in (_STRING, _STRING_ARRAY, _TRANSLATED) and count and offset < size:
                end = blob.index(b"\0", start + offset, start + size)
                tags[tag] = blob[start + offset : end].decode("utf-8", "replace")
    except (struct.error, ValueError) as failure:
        raise (
            failure
            if isinstance(failure, UnreadableDatabase)
            else UnreadableDatabase(f"one of its headers is damaged: {failure}")
        ) from None
    return tags

"""Writes RPM databases: the header of each package by hand, as rpm's manual describes it, into the table that rpm makes."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

NAME, VERSION, RELEASE, EPOCH, VENDOR, LICENSE, ARCHITECTURE, SOURCE = 1000, 1001, 1002, 1003, 1011, 1014, 1022, 1044
SUMMARY, FILE_SIZES = 1004, 1028
_INT32, _STRING, _TRANSLATED = 4, 6, 9
_TABLE = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"


def rpm_header(tags: Mapping[int, str | int]) -> bytes:
    """Index and data of one header, with tags around those of the test that a reader must step over."""
    index, data = b"", b""
    for tag, value in sorted({SUMMARY: "step over me", FILE_SIZES: 7, **tags}.items()):
        if isinstance(value, int):
            data += b"\0" * (-len(data) % 4)
            kind, content = _INT32, struct.pack(">I", value)
        else:
            kind, content = (_TRANSLATED if tag == SUMMARY else _STRING), value.encode() + b"\0"
        index += struct.pack(">IIII", tag, kind, len(data), 1)
        data += content
    return struct.pack(">II", len(index) // 16, len(data)) + index + data


def write_rpm_database(path: Path, headers: Iterable[bytes]) -> bytes:
    """A database of those headers; returns its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(_TABLE)
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(header,) for header in headers])
    connection.commit()
    connection.close()
    return path.read_bytes()


def write_logged_database(path: Path, first: Iterable[bytes], later: Iterable[bytes]) -> tuple[bytes, bytes]:
    """A database whose last packages are in its write-ahead log only, as a build that was cut short leaves it."""
    write_rpm_database(path, first)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(header,) for header in later])
    connection.commit()
    both = path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes()
    connection.close()
    return both

"""Parse ELF files (Linux programs and shared libraries): what a file needs to be loaded.

Returns an `ElfFile`, or None if the bytes are not ELF; damage raises InvalidImage. Like the loader, it reads only the
program headers and the dynamic section, because section headers may be stripped. The file's size bounds every table, so
that no file can cause an endless loop.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from iris_model.contract.architecture import Architecture
from iris_model.errors import InvalidImage

MAGIC = b"\x7fELF"

# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, with Lambda's names.
_MACHINES = {3: "i386", 40: "arm", 62: Architecture.X86_64, 183: Architecture.ARM64, 243: "riscv64"}

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _SONAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29
_VERSIONS_DEFINED, _VERSIONS_DEFINED_COUNT = 0x6FFFFFFC, 0x6FFFFFFD
_VERSIONS_NEEDED, _VERSIONS_NEEDED_COUNT = 0x6FFFFFFE, 0x6FFFFFFF


@dataclass(frozen=True)
class ElfFile:
    """What the loader reads from a program or library before it runs it."""

    machine: str
    """`x86_64`, `arm64`, or another processor's name."""

    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    """Names of the libraries it needs (DT_NEEDED)."""

    search: tuple[str, ...] = ()
    """The directories that are searched first for them (DT_RUNPATH or DT_RPATH); `$ORIGIN` is not expanded."""

    needed_versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Library -> versions of symbols that it must define, such as GLIBC_2.28."""

    defined_versions: tuple[str, ...] = ()


def read_elf(data: bytes, what: str) -> ElfFile | None:
    """Return what the loader would read, or None if `data` is not ELF. Errors call the file `what`."""
    if data[:4] != MAGIC:
        return None
    try:
        return _Reader(data).read()
    except (struct.error, IndexError, ValueError, OverflowError) as failure:
        raise InvalidImage(
            f"{what}: it is a damaged ELF file: {failure}",
            remedy="Download it again, or use another version of the package.",
        ) from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        if data[4] not in (1, 2) or data[5] not in (1, 2):
            raise ValueError(f"class {data[4]} and byte order {data[5]}, expected 1 or 2 for each")
        self._wide = data[4] == 2
        self._order = "<" if data[5] == 1 else ">"
        self._loads: list[tuple[int, int, int]] = []

    def read(self) -> ElfFile:
        (machine,) = self._unpack("H", 18)
        dynamic: tuple[int, int] | None = None
        interpreter = ""
        for kind, offset, address, size in self._program_headers():
            if kind == _LOAD:
                self._loads.append((address, offset, size))
            elif kind == _DYNAMIC:
                dynamic = (offset, size)
            elif kind == _INTERPRETER:
                interpreter = self._data[offset : offset + size].rstrip(b"\0").decode("utf-8", "replace")
        name = _MACHINES.get(machine, f"machine {machine}")
        if dynamic is None:
            return ElfFile(name, interpreter)
        entries = list(self._dynamic_entries(*dynamic))
        values = dict(entries)
        strings = self._offset(values[_STRINGS]) if _STRINGS in values else 0

        def text(at: int) -> str:
            start = strings + at
            end = self._data.index(b"\0", start)
            return self._data[start:end].decode("utf-8", "replace")

        search = values.get(_RUNPATH, values.get(_RPATH))
        return ElfFile(
            machine=name,
            interpreter=interpreter,
            soname=text(values[_SONAME]) if _SONAME in values else "",
            needed=tuple(text(value) for tag, value in entries if tag == _NEEDED),
            search=tuple(filter(None, text(search).split(":"))) if search is not None else (),
            needed_versions={
                text(library): tuple(text(version) for version in versions)
                for library, versions in self._needed_versions(values)
            },
            defined_versions=tuple(text(version) for version in self._defined_versions(values)),
        )

    def _unpack(self, kind: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + kind, self._data, offset)

    def _program_headers(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield for each segment: kind, file offset, memory address, size in the file."""
        (start,) = self._unpack("Q", 32) if self._wide else self._unpack("I", 28)
        size, count = self._unpack("HH", 54 if self._wide else 42)
        for number in range(count):
            at = start + number * size
            if self._wide:
                kind, _, offset, address, _, length = self._unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, length = self._unpack("IIIII", at)
            yield kind, offset, address, length

    def _dynamic_entries(self, offset: int, size: int) -> Iterator[tuple[int, int]]:
        kind, width = ("qQ", 16) if self._wide else ("iI", 8)
        for at in range(offset, offset + size - width + 1, width):
            tag, value = self._unpack(kind, at)
            if tag == 0:
                return
            yield tag, value

    def _offset(self, address: int) -> int:
        """Return the file offset of a memory address."""
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"no segment holds the address {address:#x}")

    def _needed_versions(self, values: Mapping[int, int]) -> Iterator[tuple[int, list[int]]]:
        for at in self._chain(values, _VERSIONS_NEEDED, _VERSIONS_NEEDED_COUNT, 12):
            _, count, library, auxiliary, _ = self._unpack("HHIII", at)
            names, inner = [], at + auxiliary
            for _ in range(count):
                _, _, _, name, step = self._unpack("IHHII", inner)
                names.append(name)
                inner += step
            yield library, names

    def _defined_versions(self, values: Mapping[int, int]) -> Iterator[int]:
        for at in self._chain(values, _VERSIONS_DEFINED, _VERSIONS_DEFINED_COUNT, 16):
            (auxiliary,) = self._unpack("I", at + 12)
            (name,) = self._unpack("I", at + auxiliary)
            yield name

    def _chain(self, values: Mapping[int, int], start: int, count: int, step_at: int) -> Iterator[int]:
        """Yield the records of a table. Each record gives the offset of the next one."""
        if start not in values:
            return
        at = self._offset(values[start])
        for _ in range(values.get(count, 0)):
            yield at
            (step,) = self._unpack("I", at + step_at)
            if not step:
                return
            at += step

"""Our reader of ELF files against binutils, and against files that are none."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_model.errors import InvalidImage
from iris_model.image.bases.elf import ElfFile, read_elf
from tests.support.requirement import skip_unless_ci

PACKAGES = Path(numpy.__file__).parents[1]


@cache
def extensions() -> list[Path]:
    """Compiled files of this environment: they differ in how they were linked."""
    named = (path for path in PACKAGES.rglob("*.so*") if re.search(r"\.so(\.\d+)*$", path.name))
    found = sorted(path for path in named if path.is_file() and path.stat().st_size < 20_000_000)
    return random.Random(4).sample(found, 12)


def readelf(*arguments: str) -> str:
    if shutil.which("readelf") is None:
        skip_unless_ci("there is no readelf (Debian: binutils)")
    return subprocess.run(["readelf", "-W", *arguments], capture_output=True, text=True, check=True).stdout


def read(path: Path) -> ElfFile:
    elf = read_elf(path.read_bytes(), str(path))
    assert elf is not None
    return elf


@pytest.mark.parametrize("path", extensions(), ids=lambda path: path.name)
def test_binutils_reads_the_same(path: Path) -> None:
    elf, dynamic = read(path), readelf("-d", str(path))
    assert list(elf.needed) == re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)
    assert elf.soname == "".join(re.findall(r"\(SONAME\).*\[(.+)\]", dynamic))
    assert ":".join(elf.search) == "".join(re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.+)\]", dynamic))
    versions = readelf("-V", str(path))
    needs = versions.partition("Version needs section")[2]
    wanted = {(name, part) for name, found in elf.needed_versions.items() for part in found}
    expected, library = set(), ""
    for line in needs.splitlines():
        if match := re.search(r"File: (\S+)", line):
            library = match[1]
        elif match := re.search(r"Name: (\S+) ", line):
            expected.add((library, match[1]))
    assert wanted == expected


def test_symbols_of_the_c_library_are_read() -> None:
    path = Path(
        next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libc.so.6" in line)
    )
    section = readelf("-V", str(path)).partition("Version definition section")[2].partition("Version needs")[0]
    assert list(read(path).defined_versions) == re.findall(r"Index: \d+ +Cnt: \d+ +Name: (\S+)", section)


def test_other_files_are_not_elf() -> None:
    assert read_elf(b"", "empty") is None
    assert read_elf(b"#!/bin/sh\n", "script") is None


@cache
def smallest() -> bytes:
    return min((path.read_bytes() for path in extensions()), key=len)


def test_an_offset_beyond_all_memory() -> None:
    header = bytearray(64)
    header[:6] = b"\x7fELF\x02\x01"
    header[32:40], header[54:58] = b"\xff" * 8, b"\x38\0\x01\0"  # one program header, at the end of the world
    with pytest.raises(InvalidImage, match="damaged"):
        read_elf(bytes(header), "damaged")


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_are_reported_as_damaged(data: st.DataObject) -> None:
    content = bytearray(smallest())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(5, len(content) - 1)) :]
    for _ in range(data.draw(st.integers(0, 12))):
        at = data.draw(st.integers(4, min(len(content) - 1, 4000)))
        content[at] = data.draw(st.integers(0, 255))
    try:
        read_elf(bytes(content), "damaged")
    except InvalidImage as refused:
        assert "damaged" in refused.problem

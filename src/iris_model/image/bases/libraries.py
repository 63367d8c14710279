"""Check compiled packages against a base: refuse extensions that need a library that the base does not have.

Otherwise the first request in the cloud would fail with `libgomp.so.1: cannot open shared object file`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from iris_model.errors import ImageError
from iris_model.image.bases.base_files import BaseFacts
from iris_model.image.bases.elf import MAGIC, ElfFile, read_elf

# Missing library -> the packages of two systems that provide it.
_KNOWN = {
    "libgomp.so.1": "libgomp (Amazon Linux) or libgomp1 (Debian)",
    "libstdc++.so.6": "libstdc++ (Amazon Linux) or libstdc++6 (Debian)",
    "libgcc_s.so.1": "libgcc (Amazon Linux) or libgcc-s1 (Debian)",
    "libgfortran.so.5": "libgfortran (Amazon Linux) or libgfortran5 (Debian)",
    "libz.so.1": "zlib (Amazon Linux) or zlib1g (Debian)",
    "libGL.so.1": "mesa-libGL (Amazon Linux) or libgl1 (Debian)",
    "libglib-2.0.so.0": "glib2 (Amazon Linux) or libglib2.0-0 (Debian)",
}
# The kernel provides this library; no image has a file for it.
_OF_THE_PROCESS = ("linux-vdso.so.1",)


@dataclass(frozen=True)
class MissingLibrary:
    """A library, or a version of its symbols, that the base does not have."""

    library: str
    version: str
    needed_by: tuple[str, ...]


def read_extensions(directory: Path, names: Iterable[str]) -> dict[str, ElfFile]:
    """Return every ELF file among `names`, by its path."""
    found: dict[str, ElfFile] = {}
    for name in names:
        if name.endswith((".py", ".pyc", ".pyi", ".txt", ".json", ".csv", ".gz")):
            continue
        with (directory / name).open("rb") as file:
            if file.read(4) != MAGIC:
                continue
            file.seek(0)
            elf = read_elf(file.read(), name)
        if elf is not None:
            found[name] = elf
    return found


def find_missing(extensions: Mapping[str, ElfFile], base: BaseFacts) -> list[MissingLibrary]:
    """Return the libraries that the extensions need and that neither the extensions nor the base provide."""
    brought = {posixpath.basename(path) for path in extensions} | {elf.soname for elf in extensions.values()}
    missing: dict[tuple[str, str], list[str]] = {}
    for path, elf in sorted(extensions.items()):
        for library in elf.needed:
            if library in brought or library in _OF_THE_PROCESS or library in base.libraries:
                continue
            missing.setdefault((library, ""), []).append(path)
        for library, versions in elf.needed_versions.items():
            # A library without symbol versions (musl, or stripped) is accepted.
            defined = base.libraries.get(library, ())
            if library in brought or not defined:
                continue
            for version in versions:
                if version not in defined:
                    missing.setdefault((library, version), []).append(path)
    return [MissingLibrary(library, version, tuple(paths)) for (library, version), paths in sorted(missing.items())]


def check_extensions(extensions: Mapping[str, ElfFile], base: BaseFacts, name: str, architecture: str) -> None:
    """Raise one error with all reasons if the base cannot load the packages."""
    foreign = sorted(path for path, elf in extensions.items() if elf.machine != architecture)
    if foreign:
        raise ImageError(
            f"{foreign[0]} is built for {extensions[foreign[0]].machine}, expected {architecture}"
            + (f"; {len(foreign) - 1} more files too" if len(foreign) > 1 else ""),
            remedy="Build for the architecture of the packages (--arch), or remove that file from the project.",
        )
    missing = find_missing(extensions, base)
    if not missing:
        return
    lines = [
        f"  - {each.library}{f' with {each.version}' if each.version else ''}, needed by {each.needed_by[0]}"
        + (f" and {len(each.needed_by) - 1} more" if len(each.needed_by) > 1 else "")
        for each in missing
    ]
    known = [
        f"{each.library} is in the system package {_KNOWN[each.library]}" for each in missing if each.library in _KNOWN
    ]
    ways = [
        "Choose a base image that has it (--base), or a version of the package with a wheel that includes it",
        *known,
    ]
    raise ImageError(
        f"the base {name} lacks libraries that compiled packages need:\n" + "\n".join(lines),
        remedy="; ".join(ways) + ".",
    )

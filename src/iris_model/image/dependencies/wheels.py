"""Read wheels, check them against their RECORD, and unpack them in the layout of `pip install --target`.

The same wheels give the same bytes. Nothing is built or run. Files that only an installer needs (RECORD, command line
scripts) are left out, as in the project's Dockerfile.
"""

from __future__ import annotations

import base64
import csv
import email.parser
import hashlib
import io
import posixpath
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from iris_model.errors import ImageError

_LEFT_OUT = ("RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json")
_LARGEST_METADATA = 16 << 20
_REMEDY = "Remove it from the cache, and build again."


@dataclass(frozen=True)
class Wheel:
    """A wheel file and its metadata."""

    path: Path = field(repr=False)
    name: str
    version: str
    sha256: str
    license: str = ""
    requires: tuple[str, ...] = field(default=(), repr=False)

    @property
    def file(self) -> str:
        """The file name, which has the target's tags."""
        return self.path.name


def open_wheel(path: Path) -> Wheel:
    """Read a wheel's metadata."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = [
                each for each in archive.namelist() if each.endswith(".dist-info/METADATA") and each.count("/") == 1
            ]
            if archive.getinfo(name).file_size > _LARGEST_METADATA:
                raise ValueError("its METADATA is too large")
            metadata = email.parser.BytesParser().parsebytes(archive.read(name))
    except (zipfile.BadZipFile, ValueError, KeyError, OSError) as failure:
        raise ImageError(f"{path.name}: it is not a wheel: {failure}", remedy=_REMEDY) from None
    return Wheel(
        path=path,
        name=canonicalize_name(str(metadata["Name"])),
        version=str(metadata["Version"]),
        sha256=sha256,
        license=str(metadata["License-Expression"] or ""),
        requires=tuple(str(line) for line in metadata.get_all("Requires-Dist") or ()),
    )


def unpack_wheels(wheels: Sequence[Wheel], directory: Path) -> dict[str, Wheel]:
    """Unpack the wheels into `directory`. Return file -> wheel."""
    owners: dict[str, Wheel] = {}
    for wheel in sorted(wheels, key=lambda each: each.name):
        for target, content, executable in _contents(wheel):
            if target in owners:
                if (directory / target).read_bytes() == content:
                    continue
                raise ImageError(
                    f"{wheel.file} and {owners[target].file} both contain {target}, with different content",
                    remedy="Remove one of the two from requirements.txt.",
                )
            path = directory / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if executable else 0o644)
            owners[target] = wheel
    return owners


def _contents(wheel: Wheel) -> Iterator[tuple[str, bytes, bool]]:
    """Yield (path, bytes, whether it is executable) for every file that the function can use."""
    with zipfile.ZipFile(wheel.path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        records = _records(archive, names, wheel)
        for name in sorted(names):
            target = _target(name, wheel)
            if target is None:
                continue
            try:
                content = archive.read(name)
            except (zipfile.BadZipFile, OSError) as failure:
                raise ImageError(f"{wheel.file}: {name} is damaged: {failure}", remedy=_REMEDY) from None
            expected = records.get(name, "")
            if expected and _hash(content, expected) != expected:
                raise ImageError(
                    f"{wheel.file}: {name} does not match the wheel's RECORD, expected {expected}",
                    remedy="Do not use this wheel: it was changed after it was built. Use another version.",
                )
            # The upper half is the Unix mode. pip also reads it.
            mode = archive.getinfo(name).external_attr >> 16
            yield target, content, stat.S_ISREG(mode) and bool(mode & 0o111)


def _records(archive: zipfile.ZipFile, names: Sequence[str], wheel: Wheel) -> dict[str, str]:
    found = [name for name in names if name.endswith(".dist-info/RECORD") and name.count("/") == 1]
    if len(found) != 1:
        raise ImageError(f"{wheel.file}: it has {len(found)} RECORD files, expected one", remedy=_REMEDY)
    text = archive.read(found[0]).decode("utf-8", "replace")
    return {row[0]: row[1] for row in csv.reader(io.StringIO(text)) if len(row) >= 2}


def _hash(content: bytes, expected: str) -> str:
    algorithm = expected.partition("=")[0]
    if algorithm not in ("sha256", "sha384", "sha512"):
        return ""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _target(name: str, wheel: Wheel) -> str | None:
    """Return the path of a member: https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ".." in parts or not all(parts) or "\0" in name:
        raise ImageError(
            f"{wheel.file}: the name {name!r} points outside the target directory",
            remedy="Do not use this wheel.",
        )
    if parts[0].endswith(".data") and len(parts) > 2:
        if parts[1] in ("purelib", "platlib"):
            return "/".join(parts[2:])
        # With --target, `data` is next to the modules; scripts and headers are not needed.
        return "/".join(parts[2:]) if parts[1] == "data" and parts[2] not in ("bin", "include") else None
    if parts[0].endswith(".dist-info") and len(parts) == 2 and posixpath.basename(name) in _LEFT_OUT:
        return None
    return name

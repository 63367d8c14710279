"""Find what a base image contains: its operating system, and every package that a package manager lists.

Reads the files of the base that `wanted` selects. Returns packages and, for the SBOM, one sentence for each unreadable
database.
"""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from iris_model.image.bases.rpm_database import UnreadableDatabase, read_rpm_packages
from iris_model.image.bases.system_package import OperatingSystem, Package

LARGEST_FILE = 256 << 20
"""The maximum size of a database. A larger one is not read, and is reported."""

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_DPKG_STATUS = "var/lib/dpkg/status"
_DPKG_PARTS = "var/lib/dpkg/status.d/"  # distroless images have one file for each package
_APK_INSTALLED = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
_RPM_DIRECTORIES = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_RPM_SQLITE, _RPM_LOG = "rpmdb.sqlite", "rpmdb.sqlite-wal"
_RPM_OTHERS = {"Packages": "Berkeley DB's", "Packages.db": "rpm's own (ndb)"}
_EXACT = frozenset(
    [*_OS_RELEASE, _DPKG_STATUS, *_APK_INSTALLED]
    + [f"{directory}/{name}" for directory in _RPM_DIRECTORIES for name in (_RPM_SQLITE, _RPM_LOG, *_RPM_OTHERS)]
)
_PYTHON_METADATA = re.compile(r"(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info)$")
_PYTHON_HEADER = re.compile(r"(?:^|/)include/python3\.\d+/patchlevel\.h$")
_PYTHON_VERSION = re.compile(rb'#define\s+PY_VERSION\s+"(3\.\d+\.[^"\s]+)"')


class BaseTree(Protocol):
    """The merged files of all layers."""

    def read(self, path: str) -> bytes | None:
        """Return the content of a wanted file after resolving links; None if absent or too large."""

    def size(self, path: str) -> int | None:
        """Return its size, or None."""

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the paths that a pattern matches, sorted."""


@dataclass(frozen=True)
class SystemPackages:
    """The packages that were found, and the databases that could not be read."""

    system: OperatingSystem
    packages: tuple[Package, ...]
    unlisted: tuple[str, ...] = ()


def wanted(path: str) -> bool:
    """Whether this module needs the file."""
    return (
        path in _EXACT
        or (path.startswith(_DPKG_PARTS) and not path.endswith(".md5sums"))
        or bool(_PYTHON_METADATA.search(path) or _PYTHON_HEADER.search(path))
    )


def read_system_packages(tree: BaseTree) -> SystemPackages:
    """Read every database that exists."""
    packages: list[Package] = []
    unlisted: list[str] = []
    databases = 0
    for path in (_DPKG_STATUS, *tree.matching(re.compile("^" + re.escape(_DPKG_PARTS)))):
        if (data := _read(tree, path, unlisted)) is not None:
            packages += _debian_packages(data)
            databases += 1
    for path in _APK_INSTALLED:
        if (data := _read(tree, path, unlisted)) is not None:
            packages += _alpine_packages(data)
            databases += 1
            break
    for directory in _RPM_DIRECTORIES:
        found = _rpm_packages(tree, directory, unlisted)
        if found is not None:
            packages += found
            databases += 1
            break
    if not databases and not unlisted:
        unlisted.append("no dpkg, apk or rpm database was found")
    for path in tree.matching(_PYTHON_METADATA):
        packages += _python_package(tree.read(path) or b"")
    return SystemPackages(_operating_system(tree), tuple(dict.fromkeys(packages)), tuple(unlisted))


def python_version(tree: BaseTree, python_path: str) -> str:
    """Return the full version of the interpreter, from its header files; "" without them."""
    prefix = re.sub(r"/?bin/[^/]+$", "", python_path.lstrip("/"))
    for path in tree.matching(_PYTHON_HEADER):
        if path.startswith(f"{prefix}/include/" if prefix else "include/"):
            said = _PYTHON_VERSION.search(tree.read(path) or b"")
            if said:
                return said[1].decode("ascii", "replace")
    return ""


def _read(tree: BaseTree, path: str, unlisted: list[str]) -> bytes | None:
    size, data = tree.size(path), tree.read(path)
    if size is not None and data is None:
        unlisted.append(f"/{path} has {size} bytes; the limit is {LARGEST_FILE}")
    return data


def _paragraphs(data: bytes) -> Iterator[list[str]]:
    for paragraph in data.decode("utf-8", "replace").split("\n\n"):
        yield paragraph.splitlines()


def _debian_packages(data: bytes) -> Iterator[Package]:
    for lines in _paragraphs(data):
        fields = {
            name: value.strip()
            for name, colon, value in (line.partition(":") for line in lines if not line.startswith((" ", "\t")))
            if colon
        }
        # dpkg also lists removed packages that left configuration. Distroless images have no status.
        there = fields.get("Status", "installed").split()[-1:] == ["installed"]
        if there and fields.get("Package") and fields.get("Version"):
            yield Package(
                "deb",
                fields["Package"],
                fields["Version"],
                architecture=fields.get("Architecture", ""),
                source=fields.get("Source", "").partition(" ")[0],
            )


def _alpine_packages(data: bytes) -> Iterator[Package]:
    for lines in _paragraphs(data):
        fields: dict[str, str] = {}
        for line in lines:
            if line[1:2] == ":":
                fields.setdefault(line[0], line[2:].strip())
        if fields.get("P") and fields.get("V"):
            yield Package(
                "apk",
                fields["P"],
                fields["V"],
                architecture=fields.get("A", ""),
                license=fields.get("L", ""),
                source=fields.get("o", ""),
            )


def _rpm_packages(tree: BaseTree, directory: str, unlisted: list[str]) -> list[Package] | None:
    path = f"{directory}/{_RPM_SQLITE}"
    if tree.size(path) is not None:
        data = _read(tree, path, unlisted)
        try:
            return read_rpm_packages(data, tree.read(f"{directory}/{_RPM_LOG}") or b"") if data is not None else []
        except UnreadableDatabase as why:
            unlisted.append(f"the RPM packages of /{path}: {why}")
            return []
    for name, owner in _RPM_OTHERS.items():
        if tree.size(f"{directory}/{name}") is not None:
            unlisted.append(
                f"the RPM packages of /{directory}/{name}: the file has {owner} format, and only rpmdb.sqlite is read"
            )
            return []
    return None


def _python_package(metadata: bytes) -> Iterator[Package]:
    fields = email.parser.HeaderParser().parsestr(metadata.partition(b"\n\n")[0].decode("utf-8", "replace"))
    name, version = str(fields["Name"] or "").strip(), str(fields["Version"] or "").strip()
    if name and version:
        license_text = str(fields["License-Expression"] or fields["License"] or "").strip()
        yield Package(
            "pypi",
            re.sub(r"[-_.]+", "-", name).lower(),
            version,
            license="" if len(license_text) > 80 or license_text.split() in ([], ["UNKNOWN"]) else license_text,
        )


def _operating_system(tree: BaseTree) -> OperatingSystem:
    for path in _OS_RELEASE:
        data = tree.read(path)
        if data is not None:
            fields = {
                name.strip(): value.strip().strip("\"'")
                for name, equals, value in (
                    line.partition("=") for line in data.decode("utf-8", "replace").splitlines()
                )
                if equals
            }
            return OperatingSystem(
                fields.get("ID", ""),
                fields.get("VERSION_ID", ""),
                fields.get("PRETTY_NAME", ""),
                fields.get("CPE_NAME", ""),
            )
    return OperatingSystem()

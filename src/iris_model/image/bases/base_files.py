"""Read the files of a base image once and keep what a build needs: Python, C library, shared libraries, sizes.

`BaseFacts` is cached as JSON, so that a build need not decompress two hundred megabytes each time. Nothing else is
written to disk: layers are streamed, and only libraries and a few small files are examined.
"""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from iris_model.errors import ImageError
from iris_model.image.bases.elf import MAGIC, ElfFile, read_elf
from iris_model.image.bases.merged_tree import MergedTree
from iris_model.image.bases.system_package import OperatingSystem, Package
from iris_model.image.bases.system_packages import LARGEST_FILE, python_version, read_system_packages, wanted
from iris_model.image.target import Libc
from iris_model.oci import Config, Image

# The PATH of a container whose image sets none.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_LOADER_DIRECTORIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib", "/usr/local/lib64")
_LOADER_SETTINGS = "etc/ld.so.conf.d/"
_LOADER_CONFIGURATION = "etc/ld.so.conf"
_LIBRARY = re.compile(r"\.so(?:\.[0-9][0-9.]*)?$")
_PYTHON = re.compile(r"python(3\.\d+)$")
_PROGRAM = re.compile(r"(?:^|/)bin/python3(?:\.\d+)?$")
_MUSL = re.compile(rb"\x001\.(\d+)\.\d+\x00")
_LARGEST_LIBRARY = 64 << 20
_MOST_LINKS = 20


@dataclass(frozen=True)
class BaseFacts:
    """What a build needs to know about a base."""

    python: str
    """Minor version, such as 3.13."""

    python_path: str
    """The path of the interpreter, with all links resolved."""

    python_on_path: bool
    """Whether the image's own PATH finds `python3`."""

    libc: Libc
    libraries: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Name of each library that the loader finds -> versions of symbols that it defines."""

    uncompressed_bytes: int
    layer_bytes: tuple[int, ...] = ()
    shell: bool = False
    python_version: str = ""
    """The full version, such as 3.13.2, if the base image contains it."""

    system: OperatingSystem = field(default_factory=OperatingSystem)
    packages: tuple[Package, ...] = field(default=(), repr=False)
    unlisted: tuple[str, ...] = ()
    """What `packages` does not list, and why."""

    def to_document(self) -> dict[str, Any]:
        """Return the facts as JSON."""
        return {**asdict(self), "libraries": {name: list(found) for name, found in sorted(self.libraries.items())}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> BaseFacts:
        """Return the facts from `to_document`'s JSON."""
        fields = dict(document)
        fields["libc"] = Libc(**fields["libc"])
        fields["libraries"] = {name: tuple(found) for name, found in fields["libraries"].items()}
        fields["packages"] = tuple(Package(**each) for each in fields["packages"])
        fields["layer_bytes"] = tuple(fields["layer_bytes"])
        fields["system"] = OperatingSystem(**fields["system"])
        fields["unlisted"] = tuple(fields["unlisted"])
        return cls(**fields)


@dataclass
class _File:
    """A name in the merged tree of all layers."""

    link: str = ""
    elf: ElfFile | None = None
    kept: bytes | None = None
    size: int = 0


def read_base_files(image: Image, name: str, architecture: str) -> BaseFacts:
    """Return the facts of a base, which errors call `name`. Raises ImageError without a Python 3 for `architecture`."""
    merged: MergedTree[_File] = MergedTree()

    def read(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> _File:
        return _read_member(archive, member, path, merged)

    sizes = tuple(merged.lay(layer, read) for layer in image.layers)
    files = merged.files
    tree = _Tree(files)
    found = _find_python(tree, image.config, name)
    on_path, path, version = found
    program = files[path]
    if program.elf is not None and program.elf.machine != architecture:
        raise ImageError(
            f"base {name}: its Python is a program for {program.elf.machine}, expected {architecture}",
            remedy=f"Choose a base image for {architecture}, or set --arch.",
        )
    libraries = _find_libraries(tree, image.config)
    found_packages = read_system_packages(tree)
    return BaseFacts(
        python=version,
        python_path=f"/{path}",
        python_on_path=on_path,
        libc=_find_libc(tree, libraries, name),
        libraries={library: elf.defined_versions for library, elf in sorted(libraries.items())},
        uncompressed_bytes=sum(sizes),
        layer_bytes=sizes,
        shell=tree.resolve("bin/sh") is not None,
        python_version=python_version(tree, path) or image.config.environment.get("PYTHON_VERSION", ""),
        system=found_packages.system,
        packages=found_packages.packages,
        unlisted=found_packages.unlisted,
    )


class _Tree:
    """The merged files of all layers; paths without a leading slash."""

    def __init__(self, files: dict[str, _File]) -> None:
        self.files = files

    def resolve(self, path: str) -> str | None:
        """Return the path with the links of every part resolved inside the image, as a kernel does."""
        for _ in range(_MOST_LINKS):
            head = ""
            parts = [part for part in path.split("/") if part not in ("", ".")]
            for position, part in enumerate(parts):
                if part == "..":
                    head = posixpath.dirname(head)
                    continue
                head = f"{head}/{part}" if head else part
                link = self.files[head].link if head in self.files else ""
                if link:
                    start = "" if link.startswith("/") else posixpath.dirname(head)
                    path = posixpath.join(start, link.lstrip("/"), *parts[position + 1 :])
                    break
            else:
                return head if head in self.files else None
        return None

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, if it was kept."""
        real = self.resolve(path)
        return self.files[real].kept if real else None

    def size(self, path: str) -> int | None:
        """Return the size of a file, kept or not."""
        real = self.resolve(path)
        return self.files[real].size if real else None

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the paths that a pattern matches."""
        return sorted(path for path in self.files if pattern.search(path))

    def below(self, directory: str) -> Iterator[str]:
        """Yield the names directly in a directory, after resolving links in its path."""
        real = self.resolve(directory)
        if real is None:
            return
        prefix = f"{real}/"
        for path in self.files:
            if path.startswith(prefix) and "/" not in path[len(prefix) :]:
                yield path


def _read_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, merged: MergedTree[_File]) -> _File:
    if member.issym():
        return _File(link=member.linkname)
    if member.islnk():
        return merged.find(member.linkname) or _File()
    if not member.isfile():
        return _File()
    kept = path == _LOADER_CONFIGURATION or path.startswith(_LOADER_SETTINGS) or wanted(path)
    if not kept and not _LIBRARY.search(path) and not _PROGRAM.search(path):
        return _File(size=member.size)
    if member.size > (LARGEST_FILE if kept else _LARGEST_LIBRARY):
        return _File(size=member.size)
    stream = archive.extractfile(member)
    data = stream.read() if stream else b""
    if kept:
        return _File(kept=data, size=member.size)
    if data[:4] != MAGIC:
        return _File(size=member.size)
    elf = read_elf(data, f"/{path} of the base")
    # musl's version is in a string, because musl defines no symbol versions.
    musl = _MUSL.search(data) if posixpath.basename(path).startswith(("ld-musl", "libc.musl")) else None
    return _File(elf=elf, kept=musl[1] if musl else None, size=member.size)


def _find_python(tree: _Tree, config: Config, name: str) -> tuple[bool, str, str]:
    """Return whether Python is on the PATH, its resolved path, and its minor version."""
    on_path = config.environment.get("PATH", "")
    for directory in (on_path or DEFAULT_PATH).split(":"):
        for program in ("python3", "python"):
            if (path := tree.resolve(f"{directory}/{program}")) and (version := _version_of(tree, path)):
                return bool(on_path) and program == "python3", path, version
    elsewhere = sorted(path for path in tree.files if _PROGRAM.search(path))
    for candidate in elsewhere:
        if (path := tree.resolve(candidate)) and (version := _version_of(tree, path)):
            return False, path, version
    raise ImageError(
        f"base {name}: no Python 3 was found on its PATH or in any directory called bin",
        remedy="Choose a base image with Python 3.11 or later, such as public.ecr.aws/lambda/python:3.13",
    )


def _version_of(tree: _Tree, path: str) -> str:
    """Return the minor version from the program's name, else from the library next to it."""
    if found := _PYTHON.search(path):
        return found[1]
    if not posixpath.basename(path).startswith("python"):
        return ""
    prefix = posixpath.dirname(posixpath.dirname(path))
    beside = re.compile(rf"{re.escape(prefix)}{'/' if prefix else ''}lib(?:64)?/python(3\.\d+)/os\.py[c]?$")
    versions = {found[1] for each in tree.files if (found := beside.match(each))}
    return max(versions, key=lambda text: int(text.partition(".")[2])) if versions else ""


def _find_libraries(tree: _Tree, config: Config) -> dict[str, ElfFile]:
    """Return every library in the loader's directories. Of libraries with the same name, the first one counts."""
    directories = [*filter(None, config.environment.get("LD_LIBRARY_PATH", "").split(":")), *_configured(tree)]
    found: dict[str, ElfFile] = {}
    for directory in dict.fromkeys([*directories, *_LOADER_DIRECTORIES, *_multiarch(tree)]):
        for path in tree.below(directory.strip("/")):
            real = tree.resolve(path)
            elf = tree.files[real].elf if real else None
            if elf is not None and _LIBRARY.search(path):
                found.setdefault(posixpath.basename(path), elf)
                if elf.soname:
                    found.setdefault(elf.soname, elf)
    return found


def _configured(tree: _Tree) -> Iterator[str]:
    for path, file in sorted(tree.files.items()):
        if path == _LOADER_CONFIGURATION or path.startswith(_LOADER_SETTINGS):
            for line in (file.kept or b"").decode("utf-8", "replace").splitlines():
                if line.strip().startswith("/"):
                    yield line.strip()


def _multiarch(tree: _Tree) -> set[str]:
    """Return Debian's multiarch directories, such as `/usr/lib/x86_64-linux-gnu`. Distroless bases also have them."""
    found = {posixpath.dirname(path) for path in tree.files if "-linux-" in path and _LIBRARY.search(path)}
    return {directory for directory in sorted(found) if re.fullmatch(r"(?:usr/)?lib/[a-z0-9_]+-linux-\w+", directory)}


def _find_libc(tree: _Tree, libraries: Mapping[str, ElfFile], name: str) -> Libc:
    if "libc.so.6" in libraries:
        minors = [
            int(version.split(".")[1])
            for version in libraries["libc.so.6"].defined_versions
            if re.fullmatch(r"GLIBC_2\.\d+(\.\d+)?", version)
        ]
        if minors:
            return Libc("glibc", 2, max(minors))
    for path, file in sorted(tree.files.items()):
        if posixpath.basename(path).startswith(("ld-musl-", "libc.musl-")) and file.kept:
            return Libc("musl", 1, int(file.kept))
    raise ImageError(f"base {name}: no glibc or musl was found", remedy="Choose a base image with a C library.")

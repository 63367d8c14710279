"""Read `requirements.txt` as pip does, with included files.

Returns its lines in pip's order, each with its file and line, and a digest of everything that is read, so that a change
of an included file or of a wheel in the project changes it. Nothing is resolved or downloaded. Format:
https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from iris_model.errors import ProjectError
from iris_model.project.disk import digest_file

_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDE = re.compile(r"(?:(-r|--requirement)|(-c|--constraint))(?:\s*=\s*|\s+|(?<=-[rc]))(\S.*)$")
_FIND_LINKS = re.compile(r"(-f|--find-links)(?:\s*=\s*|\s+)(\S.*)$")
_OPTIONS = re.compile(r"\s+--?[a-z][a-z-]*(?:\s|=).*$")
_DIRECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\]\s*)?@\s*(\S+)")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")

REQUIREMENT, CONSTRAINT, OPTION = "requirement", "constraint", "option"


@dataclass(frozen=True)
class RequirementLine:
    """One line, with continuations joined and without comments."""

    kind: str
    """`requirement`, `constraint` or `option`."""

    text: str
    file: Path
    number: int

    @property
    def place(self) -> str:
        """The file and line, for messages."""
        return f"{self.file}, line {self.number}"

    @property
    def plain(self) -> str:
        """The requirement without options such as `--hash`."""
        return _OPTIONS.sub("", self.text)

    @property
    def options(self) -> str:
        """The options of the line, such as `--hash`."""
        return self.text[len(self.plain) :]

    @property
    def address(self) -> str:
        """The path or URL of the line, or "" if it names a project on an index."""
        if self.kind == OPTION:
            return ""
        text = re.sub(r"^(?:-e|--editable)(?:\s*=\s*|\s+)", "", self.plain)
        text = re.split(r"\s+;", text)[0].strip()
        if direct := _DIRECT.fullmatch(text):
            return direct[1]
        bare = re.sub(r"\[[^\]]*\]$", "", text)
        named = bare.startswith((".", "/", "~")) or os.sep in bare.partition(";")[0] or _ADDRESS.match(bare)
        return bare if named or bare.lower().endswith(_ARCHIVES) else ""

    @property
    def is_on_disk(self) -> bool:
        """Whether the address is a local path."""
        return bool(self.address) and (not _ADDRESS.match(self.address) or self.address.lower().startswith("file:"))

    @property
    def file_name(self) -> str:
        """The last part of the address, such as the file name of a wheel."""
        return unquote(urlsplit(self.address).path.rpartition("/")[2]) if self.address else ""

    @property
    def is_editable(self) -> bool:
        """Whether pip would install the directory in editable mode."""
        return self.text.startswith(("-e ", "-e=", "--editable"))


@dataclass(frozen=True)
class Requirements:
    """Everything that pip would read."""

    path: Path
    lines: tuple[RequirementLine, ...]
    files: Mapping[str, bytes]
    """Content by path relative to the project; the first is the file itself."""

    @property
    def digest(self) -> str:
        """The digest of everything that decides the result. For a single file, the sha256 of its bytes."""
        read = {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}
        wheels = {line.address: digest_file(path) for line in self.lines if (path := self.local_path(line))}
        if len(read) == 1 and not wheels:
            return next(iter(read.values()))
        return hashlib.sha256(json.dumps([list(read.items()), sorted(wheels.items())]).encode()).hexdigest()

    def local_path(self, line: RequirementLine) -> Path | None:
        """Return the local file that a line names, if it exists. Paths are relative to the project, where pip runs."""
        if not line.is_on_disk:
            return None
        address = unquote(urlsplit(line.address).path) if _ADDRESS.match(line.address) else line.address
        path = self.path.parent / Path(address).expanduser()
        return path if path.is_file() else None


def parse_requirement(text: str) -> Requirement | None:
    """Return the requirement of a line for an index or a wheel; None if it is something else, such as a path."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def read_requirements(path: Path) -> Requirements:
    """Read a requirements file and the files that it includes."""
    files: dict[str, bytes] = {}
    lines = tuple(_read(path, path, REQUIREMENT, files, (), ""))
    return Requirements(path, lines, files)


def digest_requirements(path: Path) -> str:
    """Return the digest of all files that are read, or "" if one cannot be read.

    The error is raised when the requirements are needed.
    """
    with contextlib.suppress(ProjectError):
        return read_requirements(path).digest
    return ""


def _read(
    path: Path, root: Path, kind: str, files: dict[str, bytes], above: tuple[Path, ...], asked_by: str
) -> Iterator[RequirementLine]:
    real = path.resolve()
    if real in above:
        raise ProjectError(
            f"{asked_by}: it includes {path}, which includes it again", remedy="Remove one of the two lines."
        )
    try:
        data = path.read_bytes()
        text = _decode(data)
    except (OSError, UnicodeDecodeError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "it is not UTF-8 text"
        where = f"{asked_by}: it includes {path}, which" if asked_by else f"{path}"
        raise ProjectError(
            f"{where} cannot be read: {reason}", remedy="Correct the path, or save the file as UTF-8."
        ) from None
    files[os.path.relpath(path, root.parent)] = data
    for number, line in _joined(text):
        included = _INCLUDE.fullmatch(line)
        if included and "://" in included[3]:
            yield RequirementLine(CONSTRAINT if included[2] else kind, line, path, number)  # pip fetches it
        elif included:
            target = path.parent / _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), included[3].strip())
            inner = CONSTRAINT if included[2] else kind
            yield from _read(target, root, inner, files, (*above, real), f"{path}, line {number}")
        elif links := _FIND_LINKS.fullmatch(line):
            beside = path.parent / links[2]
            yield RequirementLine(OPTION, f"--find-links {beside.resolve()}" if beside.exists() else line, path, number)
        elif line.startswith("-") and not line.startswith(("-e", "--editable")):
            yield RequirementLine(OPTION, line, path, number)
        else:
            yield RequirementLine(kind, line, path, number)


def _decode(data: bytes) -> str:
    """Decode as pip does: PowerShell's `pip freeze > requirements.txt` writes UTF-16."""
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if data.startswith(mark):
            return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines joined with their continuations; a comment ends a continuation, as in pip."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first = first or number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        joined = _COMMENT.sub("", "".join([*parts, f" {line}" if comment else line])).strip()
        if joined:
            yield first, joined
        parts, first = [], 0

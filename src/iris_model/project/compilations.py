"""Remembers what compiling a model gave, in this user's cache: opening a model and proving it equal takes a second and more.

In: settings, and who chooses when nothing is remembered. Out: the same `Executable`, byte for byte. The key is a digest of
everything that decides it: the bytes of model and data, the settings that are read for it, this tool's code, Python, all that
is installed, and what the last digits of a sum depend on. An entry is a file of its own digest, what JSON can say, and the
files that were made. One that is damaged, or that others may write, is none; where nothing can be kept, nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.project.executors import Choose, Executable, choose_executable
from iris_model.project.settings import ProjectSettings
from iris_model.project.surroundings import describe_arithmetic, describe_installation, digest_files
from iris_model.project.user_cache import default_directory

DIRECTORY = "compiled"
# Raised when an entry is written or read in another way.
FORMAT = 1

MOST_BYTES = 512 * 1024 * 1024
MOST_DAYS = 90


def choose_remembered(settings: ProjectSettings) -> Executable:
    """`choose_executable`, once for the same model."""
    return Compilations(default_directory() / DIRECTORY).choose(settings)


@dataclass(frozen=True)
class Compilations:
    """The entries under one directory. `most_bytes` bounds all of them together; those used last are kept."""

    directory: Path
    most_bytes: int = MOST_BYTES

    def choose(self, settings: ProjectSettings, choose: Choose = choose_executable) -> Executable:
        """Return what is remembered for these settings, else what `choose` says, and remember that."""
        files = _digest_files_of(settings)
        # Trusted names may come from modules of the user's own, which may read anything.
        if settings.trust or files is None:
            return choose(settings)
        path = self.directory / f"{_digest_decision(settings, files)}.entry"
        remembered = _read(path, settings)
        if remembered is not None:
            return remembered
        executable = choose(settings)
        # Only if the files are still those of the key: training may have written the model anew meanwhile.
        if _digest_files_of(settings) == files:
            with contextlib.suppress(OSError, TypeError, ValueError):
                self._write(path, _encode(executable, settings))
        return executable

    def _write(self, path: Path, content: bytes) -> None:
        if len(content) > self.most_bytes:
            return
        # Golden rows may be rows of the user's own data: they are nobody else's to read.
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room(self.most_bytes - len(content))
        descriptor, scratch = tempfile.mkstemp(prefix=".", suffix=".entry", dir=self.directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _make_room(self, most_bytes: int) -> None:
        """Remove what was not used for long, and then the entries used longest ago until the others fit."""
        entries = [(path, path.stat()) for path in self.directory.glob("*.entry")]
        entries.sort(key=lambda entry: entry[1].st_mtime, reverse=True)
        oldest = time.time() - MOST_DAYS * 86400
        total = 0
        for path, status in entries:
            total += status.st_size
            if total > most_bytes or status.st_mtime < oldest:
                path.unlink(missing_ok=True)


def _digest_decision(settings: ProjectSettings, files: Mapping[str, str]) -> str:
    """Digest everything that decides the executable."""
    decision = {
        "format": FORMAT,
        **describe_installation(),
        **describe_arithmetic(),
        "executor": settings.executor,
        "model": settings.model,
        "files": files,
    }
    return hashlib.sha256(json.dumps(decision, sort_keys=True).encode()).hexdigest()


def _digest_files_of(settings: ProjectSettings) -> dict[str, str] | None:
    """The files that are read: the model, and the user's rows."""
    with contextlib.suppress(OSError):  # whoever opens the file says what is wrong with it
        files = {"model": settings.model_path}
        if settings.data_path:
            # By its name: `init` reads the rows where they lie, `package` where they are copied to.
            files[f"data {settings.data_path.name}"] = settings.data_path
        return digest_files(files)
    return None


def _encode(executable: Executable, settings: ProjectSettings) -> bytes:
    made: list[bytes] = []
    table: list[tuple[str, int | None]] = []
    for name, content in executable.files.items():
        if isinstance(content, bytes):
            made.append(content)
            table.append((name, len(content)))
        elif content == settings.model_path:
            table.append((name, None))
        else:
            raise ValueError(f"{content} is another file than the model, and its bytes are in no key")
    described = {name: value for name, value in vars(executable).items() if name != "files"}
    document = json.dumps({**described, "files": table}).encode()
    content = b"".join([b"%d\n" % len(document), document, *made])
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _read(path: Path, settings: ProjectSettings) -> Executable | None:
    try:
        with path.open("rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            digest, content = file.readline(65).strip().decode("ascii", "replace"), file.read()
        if hashlib.sha256(content).hexdigest() != digest:
            path.unlink()
            return None
        executable = _decode(content, settings)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with contextlib.suppress(OSError):
        path.touch()  # those used longest ago are removed first
    return executable


def _is_private(status: os.stat_result) -> bool:
    """Whether only this user can have written it: nobody else decides what a model answers."""
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)


def _decode(content: bytes, settings: ProjectSettings) -> Executable:
    length, _, rest = content.partition(b"\n")
    document: dict[str, Any] = json.loads(rest[: int(length)])
    position = int(length)
    files: dict[str, bytes | Path] = {}
    for name, size in document.pop("files"):
        if size is None:
            files[name] = settings.model_path
        else:
            files[name] = rest[position : position + size]
            position += size
    modules = document["operator_modules"]
    return Executable(
        **{
            **document,
            "files": files,
            "needs": tuple(document["needs"]),
            "operator_modules": None if modules is None else tuple(modules),
        }
    )

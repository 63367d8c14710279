"""Remembers what compiling a model gave, in this user's cache: opening a model and proving it equal takes a second and more.

In: settings, and who chooses when nothing is remembered. Out: the same `Executable`, byte for byte. The key is a digest of
everything that decides it: the bytes of model and data, the settings that are read for it, this tool's code, Python, all that
is installed, and what the last digits of a sum depend on. An entry holds what JSON can say, and the files that were made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.project.entries import MOST_BYTES, Entries
from iris_model.project.executors import Choose, Executable, choose_executable
from iris_model.project.settings import ProjectSettings
from iris_model.project.surroundings import describe_arithmetic, describe_installation, digest_files
from iris_model.project.user_cache import default_directory

DIRECTORY = "compiled"
# Raised when an entry is written or read in another way.
FORMAT = 1


def choose_remembered(settings: ProjectSettings) -> Executable:
    """`choose_executable`, once for the same model."""
    return users_compilations().choose(settings)


def users_compilations() -> Compilations:
    """Those in this user's cache."""
    return Compilations(default_directory() / DIRECTORY)


@dataclass(frozen=True)
class Compilations:
    """The compilations under one directory, at most `most_bytes` of them."""

    directory: Path
    most_bytes: int = MOST_BYTES

    def key(self, settings: ProjectSettings) -> str | None:
        """What the compilation of these settings is kept under, as the files are now; None if it is not kept."""
        files = _digest_files_of(settings)
        return None if files is None else _digest_decision(settings, files)

    def remembers(self, key: str) -> bool:
        """Whether something is kept under this key, sound or not."""
        return self._entries.has(key)

    def choose(self, settings: ProjectSettings, choose: Choose = choose_executable) -> Executable:
        """Return what is remembered for these settings, else what `choose` says, and remember that."""
        files = _digest_files_of(settings)
        if files is None:
            return choose(settings)
        key = _digest_decision(settings, files)
        remembered = self._entries.read(key)
        if remembered is not None:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return _decode(remembered, settings)
        executable = choose(settings)
        # Only if the files are still those of the key: training may have written the model anew meanwhile.
        if _digest_files_of(settings) == files:
            with contextlib.suppress(TypeError, ValueError):
                self._entries.keep(key, _encode(executable, settings))
        return executable

    @property
    def _entries(self) -> Entries:
        return Entries(self.directory, self.most_bytes)


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
    """The files that are read: those of the model, and the user's rows. None where one cannot be read, or where there may be
    others: trusted names may come from modules of the user's own."""
    if settings.trust:
        return None
    with contextlib.suppress(OSError):  # whoever opens the file says what is wrong with it
        files = settings.model_files
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
    return b"".join([b"%d\n" % len(document), document, *made])


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

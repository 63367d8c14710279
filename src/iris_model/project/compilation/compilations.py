"""Cache the result of compiling a model: opening and verifying takes a second or more.

The cached `Executable` is identical, byte for byte. The key is a digest of all inputs: the bytes of model and data, the
settings that are read, this tool's code, Python, all installed packages, and everything that changes the last digits of
a sum. An entry contains JSON, and the files that were made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.project.caching.entries import MOST_BYTES, Entries
from iris_model.project.caching.surroundings import describe_arithmetic, describe_installation, digest_files
from iris_model.project.caching.user_cache import default_directory
from iris_model.project.compilation.confined import can_confine, run_confined
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.executors import Choose, Executable, choose_executable

DIRECTORY = "compiled"
# Increase it when entries are written or read differently.
FORMAT = 3


def choose_remembered(settings: ProjectSettings) -> Executable:
    """Return the result of `choose_executable`, cached."""
    return users_compilations().choose(settings)


def choose_confined(settings: ProjectSettings) -> Executable:
    """Run `choose_executable` in a confined process; in this one if that is not possible."""
    if not can_confine():
        return choose_executable(settings)
    return decode(run_confined(lambda: encode(choose_executable(settings), settings)), settings)


def users_compilations() -> Compilations:
    """Return the compilations in this user's cache."""
    return Compilations(default_directory() / DIRECTORY)


@dataclass(frozen=True)
class Compilations:
    """The cached compilations in one directory, up to `most_bytes`."""

    directory: Path
    most_bytes: int = MOST_BYTES

    def key(self, settings: ProjectSettings) -> str | None:
        """Return the key for these settings and the current files, or None if the result cannot be cached."""
        files = _digest_files_of(settings)
        return None if files is None else _digest_decision(settings, files)

    def remembers(self, key: str) -> bool:
        """Whether an entry has this key, damaged or not."""
        return self._entries.has(key)

    def choose(self, settings: ProjectSettings, choose: Choose = choose_confined) -> Executable:
        """Return the cached result for these settings, or call `choose` and cache its result."""
        files = _digest_files_of(settings)
        if files is None:
            return choose(settings)
        key = _digest_decision(settings, files)
        remembered = self._entries.read(key)
        if remembered is not None:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                return decode(remembered, settings)
        executable = choose(settings)
        # The result is cached only if the files still have the digests of the key: training may have written the model
        # again.
        if _digest_files_of(settings) == files:
            with contextlib.suppress(TypeError, ValueError):
                self._entries.keep(key, encode(executable, settings))
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
        "categories": settings.categories,
        "files": files,
    }
    return hashlib.sha256(json.dumps(decision, sort_keys=True).encode()).hexdigest()


def _digest_files_of(settings: ProjectSettings) -> dict[str, str] | None:
    """Return the digests of the files that are read: those of the model, and the user's rows.

    None if one cannot be read, or if other files may be read, because trusted names may come from the user's modules.
    """
    if settings.trust:
        return None
    with contextlib.suppress(OSError):  # opening the file reports what is wrong with it
        files = settings.model_files
        if settings.data_path:
            # By name: `init` reads the original file, `package` the copy.
            files[f"data {settings.data_path.name}"] = settings.data_path
        return digest_files(files)
    return None


def encode(executable: Executable, settings: ProjectSettings) -> bytes:
    """Return an executable as bytes, without the files that the settings name.

    Raises ValueError or TypeError if that is impossible.
    """
    made: list[bytes] = []
    # For the user's file: its name in the settings. For a generated file: its size.
    table: list[tuple[str, int | str]] = []
    known = {path: kind for kind, path in settings.model_files.items()}
    for name, content in executable.files.items():
        if isinstance(content, bytes):
            made.append(content)
            table.append((name, len(content)))
        elif content in known:
            table.append((name, known[content]))
        else:
            raise ValueError(f"{content} is not the model file, and its bytes are in no cache key")
    described = {name: value for name, value in vars(executable).items() if name != "files"}
    document = json.dumps({**described, "files": table}).encode()
    return b"".join([b"%d\n" % len(document), document, *made])


def decode(content: bytes, settings: ProjectSettings) -> Executable:
    """Return the executable of these bytes, which contain only data.

    Raises ValueError, KeyError or TypeError if they are invalid.
    """
    length, _, rest = content.partition(b"\n")
    document: dict[str, Any] = json.loads(rest[: int(length)])
    position = int(length)
    files: dict[str, bytes | Path] = {}
    for name, size in document.pop("files"):
        if not _stays_inside(name):
            raise ValueError(f"{name!r:.80} is not a file name in a function directory")
        if isinstance(size, str):
            files[name] = settings.model_files[size]
        else:
            files[name] = rest[position : position + size]
            position += size
    modules = document["operator_modules"]
    if not _stays_inside(document["model"]):
        raise ValueError("the model is not a file in the function directory")
    return Executable(
        **{
            **document,
            "files": files,
            "needs": tuple(document["needs"]),
            "operator_modules": None if modules is None else tuple(modules),
        }
    )


def _stays_inside(name: object) -> bool:
    """Whether a name stays inside the directory that it is joined to."""
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name:
        return False
    return not name.startswith("/") and ".." not in name.split("/")

"""List, read and write the test events of the project, `events/NAME.json`, for the page.

The expected answer of an event is in `events/expected/NAME.json`. `iris-model invoke --check` compares.

A name is only a file name: no folder, no leading dot, no link out of the directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

MAX_EVENT_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MAX_LISTED = 500
EXPECTED = "expected"
NAME_EXPECTED = "1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit"


class EventRefused(Exception):
    """An event cannot be read or written. `status` is the HTTP status."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class ProjectEvents:
    """The directory `events` of a project; without a project there are no events."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    @property
    def is_writable(self) -> bool:
        """Whether events can be saved."""
        if self._directory is None:
            return False
        existing = self._directory if self._directory.is_dir() else self._directory.parent
        return os.access(existing, os.W_OK)

    def names(self) -> list[str]:
        """The names of the events, sorted."""
        if self._directory is None or not self._directory.is_dir():
            return []
        found = (path for path in self._directory.glob("*.json") if _NAME.fullmatch(path.stem) and path.is_file())
        return sorted(path.stem for path in found)[:_MAX_LISTED]

    def read(self, name: str) -> bytes:
        """Return the content of the file."""
        path = self._path(name)
        try:
            if path.stat().st_size > MAX_EVENT_BYTES:
                raise EventRefused(413, f"event {name} has more than {MAX_EVENT_BYTES} bytes")
            return path.read_bytes()
        except FileNotFoundError:
            raise EventRefused(404, f"no event {name!r} in {path.parent.name}/") from None
        except OSError as error:
            raise EventRefused(500, f"event {name} cannot be read: {error.strerror}") from None

    def write(self, name: str, body: bytes, *, replace: bool) -> bool:
        """Write an event atomically. Return True if it is new. An existing one is kept unless `replace`.

        The expected answer of a replaced event is deleted: it belonged to the old event.
        """
        is_new = self._write(self._path(name), name, body, replace=replace)
        with contextlib.suppress(FileNotFoundError):
            self._path(name, EXPECTED).unlink()
        return is_new

    def write_expected(self, name: str, body: bytes) -> None:
        """Write the expected answer of an existing event."""
        if not self._path(name).is_file():
            raise EventRefused(404, f"there is no event {name!r}, so its answer cannot be saved")
        self._write(self._path(name, EXPECTED), name, body, replace=True)

    def _write(self, path: Path, name: str, body: bytes, *, replace: bool) -> bool:
        _check_json(body)
        if not body.endswith(b"\n"):
            body += b"\n"
        try:
            path.parent.mkdir(exist_ok=True, parents=True)
            existed = path.exists()
            if existed and not replace:
                raise EventRefused(412, f"the event {name!r} already exists")
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{name}.", suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(body)
                Path(temporary).chmod(0o644)
                Path(temporary).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
                raise
        except OSError as error:
            raise EventRefused(500, f"event {name} cannot be written: {error.strerror}") from None
        return not existed

    def _path(self, name: str, folder: str = "") -> Path:
        if self._directory is None:
            raise EventRefused(404, "this function has no project, so there are no event files")
        if not _NAME.fullmatch(name):
            raise EventRefused(400, f"the event's name is {name!r}; expected {NAME_EXPECTED}")
        path = self._directory / folder / f"{name}.json"
        # Links are followed only inside the project.
        inside = self._directory.parent.resolve()
        is_link = path.is_symlink() or (folder and path.parent.is_symlink())
        if is_link and not path.resolve().is_relative_to(inside):
            raise EventRefused(403, f"event {name} is a link to a file outside the project")
        return path


def _check_json(body: bytes) -> None:
    try:
        json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise EventRefused(400, "the event is nested too deep") from None
    except ValueError as error:
        reason = "it is empty" if not body.strip() else str(error)
        raise EventRefused(400, f"the event is not JSON: {reason}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")

"""Reload a function while it serves: when its sources change, a new version is built and started, and replaces the old.

Each version runs from its own copy, so that a sandbox never sees files of another version. If a version cannot be
built, or its init fails, the error is reported and the previous version keeps serving.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from watchfiles import DefaultFilter, awatch

from iris_model.errors import IrisModelError, LocalError
from iris_model.local.configuration.settings import ReloadPlan
from iris_model.local.machine.host import Host
from iris_model.local.sandboxes.failures import Failure
from iris_model.local.telemetry.logs import LogBook

if TYPE_CHECKING:
    from iris_model.local.configuration.settings import FunctionSettings
    from iris_model.local.functions.function import LocalFunction

_WORK_DIRECTORY = ".iris-model"
_DEBOUNCE_MS = 200  # an editor writes a file in several steps, and a checkout many files
# Settings that are read only once, when the service starts.
_FIXED = ("name", "route", "stage", "python", "runtime", "region", "account_id")


class Reloader:
    """Watches the sources of one function."""

    def __init__(self, function: LocalFunction, plan: ReloadPlan, *, host: Host, log_book: LogBook) -> None:
        self._function = function
        self._plan = plan
        self._host = host
        self._log_book = log_book
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._count = 0

    async def open(self) -> None:
        """Copy the first version, and start watching."""
        missing = [str(path) for path in self._plan.sources if not path.exists()]
        if missing:
            raise LocalError(
                f"{missing[0]} does not exist, so it cannot be watched", remedy="Run serve without --reload."
            )
        changes = awatch(
            *self._plan.sources,
            watch_filter=_SourceFilter(),
            debounce=_DEBOUNCE_MS,
            stop_event=self._stop,
            rust_timeout=500,
        )
        self._task = asyncio.ensure_future(self._watch(changes))
        await asyncio.sleep(0)  # the task has started: from now on, no change is missed
        self._function.adopt(await self._copy(self._function.settings))

    async def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=5.0)
            self._task.cancel()

    async def _watch(self, changes: object) -> None:
        async for changed in changes:  # type: ignore[attr-defined]
            names = sorted({Path(path).name for _, path in changed})
            self._say(f"Reload: {', '.join(names[:3])}{' and others' if len(names) > 3 else ''} changed")
            await self._reload()

    async def _reload(self) -> None:
        copied: FunctionSettings | None = None
        try:
            built = await asyncio.to_thread(self._plan.rebuild)
            copied = await self._copy(built)
            problem = await self._function.replace(copied)
        except IrisModelError as error:
            self._refuse(str(error))
        except Exception as error:  # building the user's sources may raise anything
            self._refuse(f"{type(error).__name__}: {error}")
        else:
            if problem is None:
                self._say(f"Reload: the new version of {copied.name} is serving")
                return
            self._refuse(describe_failure(problem))
        if copied is not None:
            self._host.remove_directory(copied.directory)

    async def _copy(self, settings: FunctionSettings) -> FunctionSettings:
        serving = self._function.settings
        for name in _FIXED:
            if getattr(settings, name) != getattr(serving, name):
                self._say(
                    f"Reload: {name} is {getattr(settings, name)!r} now, which takes effect when you restart serve"
                )
        kept = {name: getattr(serving, name) for name in _FIXED}
        self._count += 1
        target = self._host.scratch / f"version-{self._function.settings.name}-{self._count}"
        await asyncio.to_thread(shutil.copytree, settings.directory, target, symlinks=True, ignore=_ignore)
        return replace(settings, directory=target, **kept)

    def _refuse(self, reason: str) -> None:
        self._say(f"Reload: the new version cannot start; the previous version keeps serving. {reason}")

    def _say(self, line: str) -> None:
        self._log_book.append(self._function.settings.name, "platform", line)


def describe_failure(failure: Failure) -> str:
    """Return one line that explains why the init of a version failed."""
    try:
        message = json.loads(failure.payload(""))["errorMessage"]
    except (ValueError, LookupError, TypeError):
        message = ""
    return f"{failure.error_type}: {message}".replace("RequestId:  Error: ", "").rstrip(": ")


class _SourceFilter(DefaultFilter):
    """Accepts sources but not the output of tools: otherwise `package` would trigger itself."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, _WORK_DIRECTORY, ".ruff_cache", "build", "dist")


def _ignore(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("__pycache__", ".git", ".venv", _WORK_DIRECTORY)]

"""A new version of a function while it serves: its sources change, it is built anew, started, and takes over.

Each version runs from a copy of its own, so that a sandbox of the version before never meets half of the next. A version
that cannot be built, or does not initialise, is told of and forgotten: the one before keeps serving.
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
from iris_model.local.failures import Failure
from iris_model.local.host import Host
from iris_model.local.logs import LogBook
from iris_model.local.reload_plan import ReloadPlan

if TYPE_CHECKING:
    from iris_model.local.function import LocalFunction
    from iris_model.local.settings import FunctionSettings

_WORK_DIRECTORY = ".iris-model"
_DEBOUNCE_MS = 200  # an editor writes a file in several steps, and a checkout many files
# What is read once, when the service starts.
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
        """Move the first version to a copy, and watch from now on."""
        missing = [str(path) for path in self._plan.sources if not path.exists()]
        if missing:
            raise LocalError(f"{missing[0]} is not there to be watched.", remedy="Serve without --reload.")
        changes = awatch(
            *self._plan.sources,
            watch_filter=_SourceFilter(),
            debounce=_DEBOUNCE_MS,
            stop_event=self._stop,
            rust_timeout=500,
        )
        self._task = asyncio.ensure_future(self._watch(changes))
        await asyncio.sleep(0)  # the task has begun: from here on, no change is missed
        self._function.adopt(await self._copy(self._function.settings))

    async def close(self) -> None:
        """Watch no more."""
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
        except Exception as error:  # a source of the user's may fail in any way while it is built
            self._refuse(f"{type(error).__name__}: {error}")
        else:
            if problem is None:
                self._say(f"Reload: the new version of {copied.name} serves")
                return
            self._refuse(describe_failure(problem))
        if copied is not None:
            self._host.remove_directory(copied.directory)

    async def _copy(self, settings: FunctionSettings) -> FunctionSettings:
        serving = self._function.settings
        for name in _FIXED:
            if getattr(settings, name) != getattr(serving, name):
                self._say(f"Reload: {name} is {getattr(settings, name)!r} now, which takes effect when you serve anew")
        kept = {name: getattr(serving, name) for name in _FIXED}
        self._count += 1
        target = self._host.scratch / f"version-{self._function.settings.name}-{self._count}"
        await asyncio.to_thread(shutil.copytree, settings.directory, target, symlinks=True, ignore=_ignore)
        return replace(settings, directory=target, **kept)

    def _refuse(self, reason: str) -> None:
        self._say(f"Reload: the new version cannot serve; the one before still does. {reason}")

    def _say(self, line: str) -> None:
        self._log_book.append(self._function.settings.name, "platform", line)


def describe_failure(failure: Failure) -> str:
    """Why a version did not initialise, in a line."""
    try:
        message = json.loads(failure.payload(""))["errorMessage"]
    except (ValueError, LookupError, TypeError):
        message = ""
    return f"{failure.error_type}: {message}".replace("RequestId:  Error: ", "").rstrip(": ")


class _SourceFilter(DefaultFilter):
    """Sources, not what tools leave beside them: ours least of all, or packaging would call for packaging."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, _WORK_DIRECTORY, ".ruff_cache", "build", "dist")


def _ignore(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("__pycache__", ".git", ".venv", _WORK_DIRECTORY)]

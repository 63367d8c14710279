"""Compiles a model ahead of its turn, in a process of its own, while this one still imports and reads the base of an image.

Importing the model's library is most of what a build takes, and nothing else in a build needs it: with two processors both go
on at once. In: a project. Out: a `Choose`, which waits for what was begun. It is a hint and no more: what cannot be begun, or
does not come to its end, is done in its turn, with the same result.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from iris_model.errors import IrisModelError
from iris_model.project.compilations import users_compilations
from iris_model.project.executors import Choose, Executable
from iris_model.project.settings import ProjectSettings, read_settings

# <sys/prctl.h>
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def compiling_ahead(project: Path) -> Iterator[Choose]:
    """Begin if there is something to compile; what was begun ends with the `with`, whether somebody waited for it or not."""
    compilations = users_compilations()
    settings = _settings_of(project)
    key = compilations.key(settings) if settings and _can_fork() else None
    begun = None
    if settings is not None and key is not None and not compilations.remembers(key):
        with contextlib.suppress(OSError):  # no room for another process
            begun = _Begun(lambda: compilations.choose(settings))
    if begun is None:
        yield compilations.choose
        return

    def choose(asked: ProjectSettings) -> Executable:
        # Not for other settings, nor for a model that was trained anew meanwhile.
        ready = begun.wait() if compilations.key(asked) == key else None
        return ready or compilations.choose(asked)

    try:
        yield choose
    finally:
        begun.end()


def _settings_of(project: Path) -> ProjectSettings | None:
    with contextlib.suppress(IrisModelError, OSError):  # who reads them in their turn says what is wrong with them
        return read_settings(project)
    return None


def _can_fork() -> bool:
    """A copy of this process must be a sound one: libraries of other systems do not survive it, and neither do the locks of
    other threads, nor OpenMP once numpy or a model's library has started it."""
    return sys.platform == "linux" and threading.active_count() == 1 and "numpy" not in sys.modules


class _Begun:
    """A copy of this process that makes an `Executable` and sends it through a pipe."""

    def __init__(self, make: Callable[[], Executable]) -> None:
        parent = os.getpid()
        self._pipe, writing = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            # Nothing of the copy may go on in what called this, nor flush what is buffered twice.
            try:
                _end_with(parent)
                os.close(self._pipe)
                with os.fdopen(writing, "wb") as pipe:
                    pickle.dump(_outcome(make), pipe)
            finally:
                os._exit(0)
        os.close(writing)

    def wait(self) -> Executable | None:
        """What was made, or None if the process came to no end of its own. Raises what is the user's to mend."""
        with os.fdopen(self._pipe, "rb", closefd=False) as pipe, contextlib.suppress(EOFError, pickle.UnpicklingError):
            outcome = pickle.load(pipe)  # noqa: S301 - a copy of this very process wrote it
            if isinstance(outcome, IrisModelError):
                raise outcome
            if isinstance(outcome, Executable):
                return outcome
        return None

    def end(self) -> None:
        """Stop the process if it still runs."""
        os.close(self._pipe)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _end_with(parent: int) -> None:
    """Let this process end when its parent is killed: it has the parent's output open, for which somebody may wait."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _outcome(make: Callable[[], Executable]) -> Executable | IrisModelError:
    try:
        return make()
    except IrisModelError as error:
        return error

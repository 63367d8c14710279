"""Compile a model ahead of time in another process, while this one reads the base image.

Importing the model's library takes most of the time of a build. Nothing else in a build needs it, so both run at the
same time. This is only an optimization: if it fails, the model is compiled later, with the same result.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from iris_model.errors import IrisModelError
from iris_model.project.compilation.compilations import choose_confined, decode, encode, users_compilations
from iris_model.project.compilation.confined import Confined, Died
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.packaging.executors import Choose, Executable, choose_executable


@contextlib.contextmanager
def compiling_ahead(project: Path) -> Iterator[Choose]:
    """Compile in another process, and yield a function that waits for the result.

    Yields `choose_remembered` if there is nothing to compile. The process ends with the `with`.
    """
    compilations = users_compilations()
    settings = _settings_of(project)
    key = compilations.key(settings) if settings and _can_fork() else None
    begun = None
    if settings is not None and key is not None and not compilations.remembers(key):
        with contextlib.suppress(OSError):  # no resources for another process
            begun = Confined(lambda: encode(choose_executable(settings), settings))
    if begun is None:
        yield compilations.choose
        return

    def choose(asked: ProjectSettings) -> Executable:
        # The result is not used for other settings, or if the model was trained again in the meantime.
        if compilations.key(asked) != key:
            return compilations.choose(asked)
        return compilations.choose(asked, lambda known: _take(begun, known))

    try:
        yield choose
    finally:
        begun.end()


def _settings_of(project: Path) -> ProjectSettings | None:
    with contextlib.suppress(IrisModelError, OSError):  # the next reader reports the error
        return read_settings(project)
    return None


def _can_fork() -> bool:
    """Whether a fork of this process works: on Linux, without other threads, and without OpenMP.

    After numpy or a model's library has started OpenMP, it does not work in a fork. Neither do locks of other threads.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and "numpy" not in sys.modules


def _take(begun: Confined, settings: ProjectSettings) -> Executable:
    try:
        return decode(begun.wait(), settings)
    except Died:
        return choose_confined(settings)

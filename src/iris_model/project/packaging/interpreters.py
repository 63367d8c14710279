"""Find a Python of a given minor version on this machine, to compile its bytecode."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass

RUNNING_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_ASK = "import sys; print(sys.implementation.cache_tag); print('%d.%d' % sys.version_info[:2]); print(sys.version)"


@dataclass(frozen=True)
class Interpreter:
    """A Python of this machine."""

    path: str
    cache_tag: str
    """The tag in the names of its bytecode files: `cpython-313`."""

    version: str
    """The value of its `sys.version`."""


RUNNING = Interpreter(sys.executable, str(sys.implementation.cache_tag), sys.version)


def find_interpreter(python: str) -> Interpreter | None:
    """Return the running Python if it has that version, else `python3.x` on the PATH, else None."""
    if python == RUNNING_PYTHON:
        return RUNNING
    path = shutil.which(f"python{python}")
    if path is None:
        return None
    try:
        asked = subprocess.run(
            [path, "-I", "-S", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = asked.stdout.splitlines()
    if asked.returncode or len(lines) < 3 or lines[1] != python or not lines[0].startswith("cpython-"):
        return None
    return Interpreter(path, lines[0], " ".join(lines[2:]))

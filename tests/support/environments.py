"""Python environments of tests that need other packages than those of this one.

uv installs them in a fraction of the time of pip. pip does where uv fails: an index that only pip's configuration names,
for example.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.requirement import Missing


def make_environment(home: Path, arguments: list[str], *, seconds: float, what: str) -> Path:
    """Make an environment in `home` with what `arguments` of an install name; return its Python.

    Raises `Missing`, with `what` as the subject, if it cannot be installed in `seconds`.
    """
    python = home / "bin" / "python"
    made = _run([sys.executable, "-m", "venv", "--clear", str(home)], seconds)
    if made.returncode == 0:
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(python), *arguments]
        made = _run(uv, seconds)
        if made.returncode:
            made = _run([str(python), "-m", "pip", "install", "--quiet", *arguments], seconds)
    if made.returncode:
        raise Missing(f"{what} cannot be installed: {made.stderr.strip()[-300:]}")
    return python


def _run(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)

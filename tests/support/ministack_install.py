"""An environment with MiniStack in it, made once per machine: it pins libraries that conflict with ours.

Nothing in; the Python of that environment out, or `Missing`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support.docker_engine import one_at_a_time
from tests.support.requirement import Missing

# MiniStack; the library with which it runs functions; the one with which it checks tokens.
PACKAGES = ("ministack==1.5.33", "docker==7.2.0", "cryptography==46.0.3")


@cache
def ministack_python() -> str:
    """The Python of the environment."""
    versions = "-".join(package.partition("==")[2] for package in PACKAGES)
    home = Path(tempfile.gettempdir()) / f"iris-model-ministack-{versions}-{sys.version_info.minor}"
    python = home / "bin" / "python"
    with one_at_a_time():
        if not (home / ".installed").exists():
            commands = (
                [sys.executable, "-m", "venv", "--clear", str(home)],
                [str(python), "-m", "pip", "install", "--quiet", *PACKAGES],
            )
            for command in commands:
                done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
                if done.returncode:
                    raise Missing(f"MiniStack cannot be installed: {done.stderr.strip()[-300:]}")
            (home / ".installed").touch()
    return str(python)

"""An environment with MiniStack in it, made once per machine: it pins libraries that conflict with ours.

Nothing in; the Python of that environment out, or `Missing`.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support.docker_engine import one_at_a_time
from tests.support.environments import make_environment

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
            make_environment(home, list(PACKAGES), seconds=300, what="MiniStack")
            (home / ".installed").touch()
    return str(python)

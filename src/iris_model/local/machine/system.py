"""The operating systems that the local Lambda runs on."""

from __future__ import annotations

import sys

from iris_model.errors import LocalError


def check_system() -> None:
    """Raise LocalError on Windows: sandboxes need the processes, signals and sockets of Linux or macOS."""
    if sys.platform == "win32":
        raise LocalError(
            "the local Lambda does not run on Windows: sandboxes need the processes and signals of Linux or macOS",
            remedy="Run this command in WSL (`wsl --install`). compile, inspect, package, predict, build and deploy work here.",
        )

"""Python in front of the native runtime: what a native function directory has in the place of the Python runtime.

The executable needs none of this. But a Dockerfile, an ImageConfig or a managed runtime that was written for the Python
runtime starts Python: by the path of the entry point, or with AWS's runtime client, which imports the handler. Both then
start the executable, so that such an image still answers.
"""

from __future__ import annotations

import re
from pathlib import Path

from iris_model.contract.native_function import BOOTSTRAP_FILE, PYTHON_ENTRY

_DOCKERFILE = "Dockerfile"

_START = f'''\
"""This function has the native runtime. What starts Python here starts the executable."""

import os
import sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.execv(os.path.join(root, "{BOOTSTRAP_FILE}"), ["{BOOTSTRAP_FILE}", *sys.argv[1:]])
'''

# AWS's runtime client imports the handler once, before it asks for an event.
_IMPORTED = f'''\
"""This function has the native runtime. What imports the handler in a sandbox starts the executable."""

import os

if "AWS_LAMBDA_RUNTIME_API" not in os.environ:
    raise ImportError("this function has the native runtime; package it with runtime = \\"python\\" to import its handler")
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.execv(os.path.join(root, "{BOOTSTRAP_FILE}"), ["{BOOTSTRAP_FILE}", os.environ["_HANDLER"]])
'''

PYTHON_FILES = {
    "iris_model/__init__.py": b"",
    "iris_model/runtime/__init__.py": _IMPORTED.encode(),
    PYTHON_ENTRY: _START.encode(),
}
"""The files of a native function directory for what starts Python."""

_COMMAND = re.compile(rf"(?im)^\s*(?:ENTRYPOINT|CMD)\b.*{re.escape(PYTHON_ENTRY)}")


def dockerfile_of(directory: Path) -> Path:
    """Return the path of a project's Dockerfile, which need not exist."""
    return directory / _DOCKERFILE


def starts_python(dockerfile: Path) -> bool:
    """Return whether a Dockerfile names the entry point of the Python runtime, as `init` wrote it before `auto`."""
    try:
        text = dockerfile.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return _COMMAND.search(text.replace("\\\n", " ")) is not None

"""What decides a result besides the user's files: this tool, its Python, what is installed, the machine.

Out come descriptions that can be digested, for whoever remembers a result. Each says rather too much than too little: what
is made again without need costs a second, what is wrongly remembered would be a wrong answer. Nothing here imports numpy or
a model's library.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import iris_model

_PACKAGE = Path(iris_model.__file__).parent

# The rooms whose code decides what is compiled and written.
_DECIDING_ROOMS = ("runtime", "engine", "readers", "compiler", "project")

# What opens a model, or computes with it. Where each lies counts too: PYTHONPATH may put another before the installed one.
_LIBRARIES = (
    *("numpy", "scipy", "joblib", "pandas", "sklearn", "lightgbm", "xgboost", "catboost", "skops", "onnx"),
    *("onnxruntime", "safetensors", "threadpoolctl"),
)

# Variables that change what libraries compute, or with how many threads, which changes the order of sums. Not those of
# Intel's OpenMP (KMP_), which scikit-learn sets itself when it is imported.
_VARIABLES = (
    *("BLIS_", "GOTO_", "MKL_", "NPY_", "OMP_", "OPENBLAS_", "SCIPY_", "SKLEARN_", "VECLIB_"),
    "IRIS_MODEL_KERNELS",
)

# Of a processor: what a BLAS chooses its kernels by.
_PROCESSOR_LINES = (
    *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features"),
)


def digest_file(path: Path) -> str:
    """The sha256 of a file, however large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(files: Mapping[str, Path]) -> dict[str, str]:
    """The sha256 of each file, sorted by name."""
    return {name: digest_file(path) for name, path in sorted(files.items())}


def describe_installation() -> dict[str, Any]:
    """This tool, its Python and all that is installed."""
    return {
        "tool": iris_model.__version__,
        "tool files": tool_files(),
        "python": sys.version,
        "machine": platform.machine(),
        "installed": _installed_distributions(),
    }


def describe_arithmetic() -> dict[str, Any]:
    """What may change the last digits of what a library computes here, or how it goes about it."""
    return {
        "system": [sys.platform, _c_library(), _processor()],
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "interpreter": [list(sys.flags), sys.warnoptions],
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)},
        "libraries": {name: _origin(name) for name in _LIBRARIES},
    }


@cache
def tool_files() -> dict[str, str]:
    """The digests of our own files: in a checkout they change while the version stays. Read once, as Python reads its modules."""
    return digest_files(
        {
            str(path.relative_to(_PACKAGE)): path
            for room in _DECIDING_ROOMS
            for path in (_PACKAGE / room).rglob("*")
            if path.suffix in (".py", ".so") and "templates" not in path.parts
        }
    )


def _installed_distributions() -> list[str]:
    """Names of all installed distributions, read from the directories: `importlib.metadata` takes ten times as long."""
    names: set[str] = set()
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names.update(path.name for path in Path(entry).iterdir() if path.suffix in (".dist-info", ".egg-info"))
    return sorted(names)


def _origin(module: str) -> list[Any] | None:
    """Where a library would be imported from, and the size and time of that file; it is not imported."""
    with contextlib.suppress(OSError, ValueError, ImportError, AttributeError):
        found = importlib.util.find_spec(module)
        if found and found.origin:
            status = Path(found.origin).stat()
            return [found.origin, status.st_size, status.st_mtime_ns]
    return None


def _c_library() -> str:
    """The C library, whose mathematical functions libraries use."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    return ""


def _processor() -> list[str]:
    """The first processor in the words of Linux; elsewhere the machine's name has to do."""
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open("rb", buffering=0) as file:
        # The first is within this; asking for all of a large machine takes long.
        first = file.read(8192).decode("utf-8", "replace").partition("\n\n")[0]
        return [line for line in first.splitlines() if line.partition("\t")[0].strip() in _PROCESSOR_LINES]
    return []

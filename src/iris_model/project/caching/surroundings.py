"""What determines a result in addition to the user's files: this tool, its Python, installed packages, the machine.

Returns descriptions that can be hashed as cache keys. Each contains rather too much than too little: an unnecessary
recomputation costs a second, a wrong cache hit gives a wrong answer. Nothing here imports numpy or a model's library.
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

# The packages whose code decides what is compiled and written.
_DECIDING_ROOMS = ("contract", "runtime", "engine", "readers", "compiler", "project")

# What opens a model, or computes with it. Where each lies counts too: PYTHONPATH may put another before the installed one.
_LIBRARIES = (
    *("numpy", "scipy", "joblib", "pandas", "sklearn", "lightgbm", "xgboost", "catboost", "skops", "onnx"),
    *("onnxruntime", "safetensors", "threadpoolctl"),
)

# Variables that change what libraries compute, or the number of threads, which changes the order of sums. Without those
# of Intel's OpenMP (KMP_), which scikit-learn sets itself on import.
_VARIABLES = (
    *("BLIS_", "GOTO_", "MKL_", "NPY_", "OMP_", "OPENBLAS_", "SCIPY_", "SKLEARN_", "VECLIB_"),
    "IRIS_MODEL_KERNELS",
)

# The lines about a processor by which a BLAS chooses its kernels.
_PROCESSOR_LINES = (
    *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features"),
)


def digest_file(path: Path) -> str:
    """Return the sha256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the sha256 of each file, sorted by name."""
    return {name: digest_file(path) for name, path in sorted(files.items())}


def describe_installation() -> dict[str, Any]:
    """Return this tool, its Python and all installed packages."""
    return {
        "tool": iris_model.__version__,
        "tool files": tool_files(),
        "python": sys.version,
        "machine": platform.machine(),
        "installed": _installed_distributions(),
    }


def describe_arithmetic() -> dict[str, Any]:
    """Return what may change the last digits of a library's results on this machine."""
    return {
        "system": [sys.platform, _c_library(), _processor()],
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "interpreter": [list(sys.flags), sys.warnoptions],
        "variables": {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)},
        "libraries": {name: _origin(name) for name in _LIBRARIES},
    }


@cache
def tool_files() -> dict[str, str]:
    """Return the digests of our own files: in a checkout they change without the version. Read once per process."""
    return digest_files(
        {
            str(path.relative_to(_PACKAGE)): path
            for room in _DECIDING_ROOMS
            for path in (_PACKAGE / room).rglob("*")
            if path.suffix in (".py", ".so") and "templates" not in path.parts
        }
    )


def _installed_distributions() -> list[str]:
    """Return the names of all installed distributions, read from the directories.

    `importlib.metadata` takes ten times as long.
    """
    names: set[str] = set()
    for entry in sys.path:
        with contextlib.suppress(OSError):
            names.update(path.name for path in Path(entry).iterdir() if path.suffix in (".dist-info", ".egg-info"))
    return sorted(names)


def _origin(module: str) -> list[Any] | None:
    """Return where a library would be imported from, and the size and time of that file, without importing it."""
    with contextlib.suppress(OSError, ValueError, ImportError, AttributeError):
        found = importlib.util.find_spec(module)
        if found and found.origin:
            status = Path(found.origin).stat()
            return [found.origin, status.st_size, status.st_mtime_ns]
    return None


def _c_library() -> str:
    """Return the version of the C library, whose mathematical functions libraries use."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    return ""


def _processor() -> list[str]:
    """Return Linux's description of the first processor; elsewhere the name of the machine."""
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open("rb", buffering=0) as file:
        # The first processor is within this. Reading all of a large machine takes long.
        first = file.read(8192).decode("utf-8", "replace").partition("\n\n")[0]
        return [line for line in first.splitlines() if line.partition("\t")[0].strip() in _PROCESSOR_LINES]
    return []

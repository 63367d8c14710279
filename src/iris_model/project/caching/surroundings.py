"""Describe everything that determines a result except the user's files: this tool, Python, packages, the machine.

Returns descriptions that can be hashed as cache keys. In doubt, a description contains more: an unnecessary
recomputation costs a second, a wrong cache hit gives a wrong answer. Nothing here imports numpy or a model's library.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import iris_model
from iris_model.project.disk import digest_file

_PACKAGE = Path(iris_model.__file__).parent

# The packages whose code decides what is compiled and written.
_DECIDING_ROOMS = ("contract", "runtime", "engine", "readers", "compiler", "project")

# The libraries that open a model or compute with it. Their locations are part of the key too, because PYTHONPATH may
# put another copy before the installed one.
_LIBRARIES = (
    *("numpy", "scipy", "joblib", "pandas", "sklearn", "lightgbm", "xgboost", "catboost", "skops", "onnx"),
    *("onnxruntime", "safetensors", "threadpoolctl", "imblearn", "category_encoders", "feature_engine"),
)

# Prefixes of variables that change the results of libraries, or the number of threads, which changes the order of sums.
# Intel's OpenMP variables (KMP_) are omitted, because scikit-learn sets them on import.
_VARIABLES = (
    *("BLIS_", "GOTO_", "MKL_", "NPY_", "OMP_", "OPENBLAS_", "SCIPY_", "SKLEARN_", "VECLIB_"),
    "IRIS_MODEL_KERNELS",
)

# The properties of a processor by which a BLAS chooses its kernels.
_PROCESSOR_LINES = (
    *("vendor_id", "cpu family", "model", "model name", "stepping", "flags"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features"),
)


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
    """Return everything that may change the last digits of a library's results on this machine."""
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
            if (path.suffix in (".py", ".so") or path.name.startswith("_bootstrap-")) and "templates" not in path.parts
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
        # This contains the first processor. Reading the whole file of a large machine is slow.
        first = file.read(8192).decode("utf-8", "replace").partition("\n\n")[0]
        return [line for line in first.splitlines() if line.partition("\t")[0].strip() in _PROCESSOR_LINES]
    return []

"""The engine with kernels that AddressSanitizer and UBSan watch, in a directory of its own; and how to start Python with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1"


def build(directory: Path) -> None:
    """Copy the engine into `directory` and build its kernels there. CalledProcessError says why they cannot be built."""
    environment = {**os.environ, "CFLAGS": _SANITIZE, "LDFLAGS": "-fsanitize=address,undefined"}
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", f"--build-lib={directory}", f"--build-temp={directory}/build"],
        cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    if not list(directory.glob("iris_model/engine/_kernels*")):
        raise RuntimeError(
            "the kernels were not built with sanitizers: is there a C compiler with libasan and libubsan?"
        )
    source = REPOSITORY / "src" / "iris_model"
    shutil.copy(source / "__init__.py", directory / "iris_model")
    shutil.copytree(
        source / "engine", directory / "iris_model" / "engine", dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("csrc", "__pycache__", "_kernels*"),
    )  # fmt: skip


def make_environment(directory: Path) -> dict[str, str]:
    """The variables of a Python that finds this engine first, and whose memory the sanitizer watches from the start."""
    library = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    # Python keeps its own memory until it ends: that is no leak. Each object has memory of its own, so that a byte behind it
    # belongs to no test. Allocations beyond two GiB fail, as on a small machine.
    return {
        **os.environ,
        "LD_PRELOAD": library,
        "PYTHONPATH": f"{directory}{os.pathsep}{REPOSITORY}",
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=2048:quarantine_size_mb=16",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }

"""Build the native runtime for tests, with sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.requirement import skip_unless_ci
from tests.support.rie_binary import REPOSITORY

ENGINE = REPOSITORY / "src/iris_model/engine"
SHARED = [ENGINE / "csrc" / "text" / f"{name}.c" for name in ("decimals", "digits", "exact", "powers_of_ten")]
SHARED.append(ENGINE / "csrc" / "functions" / "elementary.c")
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wno-missing-field-initializers", "-Werror"]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build(output: Path, flags: list[str], compiler: list[str] | None = None) -> Path:
    """Compile all files with this compiler, or with the system's."""
    if compiler is None:
        found = shutil.which("gcc") or shutil.which("cc")
        if found is None:
            skip_unless_ci("there is no C compiler")
        compiler = [found]
    sources = [*sorted((ENGINE / "bootstrap").rglob("*.c")), *SHARED]
    command = [*compiler, "-std=gnu11", *flags, "-ffp-contract=off", "-fno-math-errno", '-DIRIS_MODEL_VERSION="0.1.0"']
    subprocess.run([*command, *map(str, sources), "-lm", "-o", str(output)], check=True)
    return output

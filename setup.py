"""The C kernels of the engine and the native runtime, built where there is a compiler. Everything else is in pyproject.toml.

One file in the limited API of Python 3.11, so that what is built serves every later version. Without a compiler the
installation goes on without them (`optional`), and the engine answers in Python.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# A fused multiply-add would round once where Python rounds twice. Microsoft's compiler does not fuse unless asked to.
# Without `errno` a square root is an instruction; nothing of libm is called.
FLAGS = [] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno", "-g0"]
SOURCES = Path("src/iris_model/engine/csrc")

# The native runtime: a static executable for Linux. `IRIS_MODEL_BOOTSTRAP_CC` names a compiler for each architecture, for
# example "x86_64=python -m ziglang cc -target x86_64-linux-musl,arm64=python -m ziglang cc -target aarch64-linux-musl", as
# releases do. Without it musl-gcc or the system's compiler builds the executable of this machine.
BOOTSTRAP = Path("src/iris_model/engine/bootstrap")
BOOTSTRAP_FLAGS = ["-std=gnu11", "-O2", "-g0", "-s", "-static", "-ffp-contract=off", "-fno-math-errno"]
# What the two cores share. It does not use Python.
SHARED = [SOURCES / "text" / f"{name}.c" for name in ("decimals", "digits", "exact", "powers_of_ten")]
SHARED.append(SOURCES / "functions" / "elementary.c")
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class BuildWithBootstrap(build_ext):
    """Build the kernels, then the native runtime next to them."""

    def run(self) -> None:
        """Build both."""
        super().run()
        if sys.platform != "linux":
            return
        named = os.environ.get("IRIS_MODEL_BOOTSTRAP_CC")
        own = ARCHITECTURES.get(platform.machine().lower())
        if named:
            compilers = dict(each.strip().split("=", 1) for each in named.split(","))
        else:
            compilers = {own: shutil.which("musl-gcc") or os.environ.get("CC", "cc")} if own else {}
        root = Path("src") if self.inplace else Path(self.build_lib)
        for architecture, compiler in compilers.items():
            output = root / "iris_model" / "engine" / f"_bootstrap-{architecture}"
            try:
                build_bootstrap(shlex.split(compiler), output)
            except (OSError, subprocess.CalledProcessError) as error:
                # As with the kernels: without it, functions run in Python.
                sys.stderr.write(f"the native runtime for {architecture} was not built: {error}\n")


def build_bootstrap(compiler: list[str], output: Path) -> None:
    """Compile the native runtime. Raises OSError or CalledProcessError."""
    lines = Path("src/iris_model/__init__.py").read_text().splitlines()
    number = next(line.split('"')[1] for line in lines if line.startswith("__version__"))
    output.parent.mkdir(parents=True, exist_ok=True)
    sources = [*sorted(BOOTSTRAP.rglob("*.c")), *SHARED]
    version = f'-DIRIS_MODEL_VERSION="{number}"'
    subprocess.run([*compiler, *BOOTSTRAP_FLAGS, version, *map(str, sources), "-lm", "-o", str(output)], check=True)


setup(
    cmdclass={"build_ext": BuildWithBootstrap},
    ext_modules=[
        Extension(
            "iris_model.engine._kernels",
            sorted(map(str, SOURCES.rglob("*.c"))),
            depends=sorted(map(str, [*SOURCES.rglob("*.h"), *BOOTSTRAP.rglob("*.[ch]"), *BOOTSTRAP.rglob("*.inc")])),
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            extra_compile_args=FLAGS,
            optional=True,
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

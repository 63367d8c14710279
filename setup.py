"""The C kernels of the engine, built where there is a compiler. Everything else is in pyproject.toml.

One file in the limited API of Python 3.11, so that what is built serves every later version. Without a compiler the
installation goes on without them (`optional`), and the engine answers in Python.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup

# A fused multiply-add would round once where Python rounds twice. Microsoft's compiler does not fuse unless asked to.
# Without `errno` a square root is an instruction; nothing of libm is called.
FLAGS = [] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno", "-g0"]
SOURCES = Path("src/iris_model/engine/csrc")

setup(
    ext_modules=[
        Extension(
            "iris_model.engine._kernels",
            sorted(map(str, SOURCES.rglob("*.c"))),
            depends=sorted(map(str, SOURCES.rglob("*.h"))),
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            extra_compile_args=FLAGS,
            optional=True,
            py_limited_api=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)

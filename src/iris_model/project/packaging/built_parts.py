"""The parts of an installation that a C compiler makes: the kernels, and the executables of the native runtime.

A source distribution that is installed without a compiler has none of them. Then functions run in Python, with the same
answers, and `package` prints what is missing and how to get it.
"""

from __future__ import annotations

from iris_model.contract.documentation import ANOTHER_ARCHITECTURE

# pip keeps the wheel that it built without a compiler, and would install it again.
_REINSTALL = "install iris-model again with `pip install --force-reinstall --no-cache-dir --no-deps`"


def how_to_get(architecture: str, *, machine: str, system: str) -> str:
    """Return a sentence without its full stop: how to get the parts for `architecture` on this machine.

    `machine` is the architecture of this machine, and `system` is `sys.platform`.
    """
    if system != "linux":
        return "Package on Linux or in WSL, for example in the GitHub workflow of `init --ci github`"
    if architecture != machine:
        return (
            f"A wheel of a release has both architectures; for an installation from source, see {ANOTHER_ARCHITECTURE}"
        )
    return f"Install a C compiler (such as gcc), then {_REINSTALL}"

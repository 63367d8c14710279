"""Find and call the C kernels (csrc/). If a kernel declines (None), Python computes the same answer.

The kernels are loaded at the first batch or the second request, so that a cold start does not pay for them. With
`IRIS_MODEL_KERNELS=0` they are never loaded.
"""

from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sized
    from types import ModuleType
    from typing import Any

# The same number as in module.c. Kernels built from sources with another number are not used.
INTERFACE = 9

_found: "list[ModuleType | None]" = []


def find_kernels() -> "ModuleType | None":
    """Return the extension module, or None."""
    if not _found:
        from os import environ

        _found.append(None)
        if environ.get("IRIS_MODEL_KERNELS") != "0":
            try:
                from . import _kernels  # type: ignore[attr-defined]

                if _kernels.interface() == INTERFACE:
                    _found[0] = _kernels
                    # Not imported here, because not every model needs it.
                    if (elementary := modules.get("iris_model.engine.elementary")) is not None:
                        elementary.use_kernels(_kernels)
            except (ImportError, AttributeError):
                pass
    return _found[0]


def require_kernels() -> "ModuleType":
    """Return the extension module. Only for code that runs if it was found."""
    kernels = find_kernels()
    assert kernels is not None, "a caller has found it"
    return kernels


def run_kernel(name: str, rows: "Sized", *arguments: object) -> "Any":
    """Return the table that a C kernel computes from rows, or None. Lists give lists, a Table gives a Table."""
    kernels = find_kernels()
    if kernels is None:
        return None
    made = getattr(kernels, name)(rows, *arguments)
    if type(made) is not bytes:
        return made
    from .packed import Table

    return Table(made, len(made) // 8 // len(rows))

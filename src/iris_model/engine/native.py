"""The C kernels, where they were built. Without them Python answers the same.

A kernel answers or declines with None (csrc/), and then Python answers. The module is looked for at the first batch or the
second request: a cold start does not pay for it. `IRIS_MODEL_KERNELS=0` turns kernels off.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Kernels built from older sources than these files count as none; module.c has the same number.
INTERFACE = 1

_found: "list[Any]" = []


def find_kernels() -> "Any":
    """The module of kernels, or None."""
    if not _found:
        from os import environ

        kernels = None
        if environ.get("IRIS_MODEL_KERNELS") != "0":
            try:
                from . import _kernels  # type: ignore[attr-defined]

                if _kernels.interface() == INTERFACE:
                    kernels = _kernels
            except (ImportError, AttributeError):
                pass
        _found.append(kernels)
    return _found[0]


def run_kernel(name: str, rows: "Any", *arguments: "Any") -> "Any":
    """The table that a kernel makes of rows, or None. Lists are answered with lists, a Table with a Table."""
    kernels = find_kernels()
    if kernels is None:
        return None
    made = getattr(kernels, name)(rows, *arguments)
    if type(made) is not bytes:
        return made
    from .packed import Table

    return Table(made, len(made) // 8 // len(rows))

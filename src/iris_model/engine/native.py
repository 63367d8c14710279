"""The C kernels (csrc/), where they were built: each answers, or declines with None. Without them Python answers the same.

They are looked for at the first batch or the second request, so that no cold start pays. `IRIS_MODEL_KERNELS=0`: never.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# As in module.c: kernels of older sources count as none.
INTERFACE = 3

_found: "list[Any]" = []


def find_kernels() -> "Any":
    """The module of kernels, or None."""
    if not _found:
        from os import environ

        _found.append(None)
        if environ.get("IRIS_MODEL_KERNELS") != "0":
            try:
                from . import _kernels  # type: ignore[attr-defined]

                if _kernels.interface() == INTERFACE:
                    _found[0] = _kernels
            except (ImportError, AttributeError):
                pass
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

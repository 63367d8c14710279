"""Linear maps."""

# The built-in half of `operator`, which itself is one more file to read.
from _operator import mul
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .packed import SparseTable, Table

    Rows = SparseTable | Table | list[list[float]] | list[dict[int, float]]

# Below it Python is as fast.
FEWEST_ROWS = 16


def linear(
    rows: "Rows", *, coefficients: "Sequence[Sequence[float]]", intercepts: "Sequence[float]"
) -> "list[list[float]]":
    """Rows (dense or sparse) times the transposed coefficients (k x f) plus intercepts (k): n x k.

    Products of one output are summed exactly and rounded once (`fsum`): the result depends on no order of summation,
    nor on the Python version, as `sum` does since 3.12.
    """
    made: list[list[float]] | None = None if isinstance(rows, list) else rows.sums(coefficients, None, intercepts)
    if made is None and len(rows) >= FEWEST_ROWS and hasattr(coefficients, "flat"):
        from .native import run_kernel

        name = "linear_sparse" if type(rows[0]) is dict else "linear"
        made = run_kernel(name, rows, coefficients.flat, len(coefficients), intercepts)
    if made is not None:
        return made
    pairs = tuple(zip(coefficients, intercepts))
    if type(rows[0]) is dict:
        table = []
        for row in rows:
            indices, values = row.keys(), row.values()  # type: ignore[union-attr]
            table.append(
                [fsum(map(mul, map(weights.__getitem__, indices), values)) + intercept for weights, intercept in pairs]
            )
        return table
    return [[fsum(map(mul, row, weights)) + intercept for weights, intercept in pairs] for row in rows]

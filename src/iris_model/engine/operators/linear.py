"""Linear maps."""

# The C half of `operator`. The import of `operator` would read one more file.
from _operator import mul
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.engine.packed import SparseTable, Table

    Rows = SparseTable | Table | list[list[float]] | list[dict[int, float]]

# For fewer rows Python is as fast.
FEWEST_ROWS = 16


def linear(
    rows: "Rows",
    *,
    coefficients: "Sequence[Sequence[float]]",
    intercepts: "Sequence[float]",
    overflow: bool = False,
) -> "list[list[float]]":
    """Multiply rows (dense or sparse) by the transposed coefficients (k x f) and add intercepts (k): n x k.

    The products of one output are summed exactly and rounded once (`fsum`), so the result does not depend on the order
    or on the Python version (`sum` changed in 3.12). With `overflow`, sums that overflow are infinite or NaN, as in the
    original.
    """
    made: list[list[float]] | None = None if isinstance(rows, list) else rows.sums(coefficients, None, intercepts)
    if made is None and len(rows) >= FEWEST_ROWS and hasattr(coefficients, "flat"):
        from iris_model.engine.native import run_kernel

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
    try:
        return [[fsum(map(mul, row, weights)) + intercept for weights, intercept in pairs] for row in rows]
    except (OverflowError, ValueError):
        if not overflow:
            raise
    from iris_model.engine.overflowing import sum_products

    return [[sum_products(row, weights) + intercept for weights, intercept in pairs] for row in rows]

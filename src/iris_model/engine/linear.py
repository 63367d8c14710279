"""Linear maps."""

# The built-in half of `operator`, which itself is one more file to read.
from _operator import mul
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def linear(
    rows: "list[list[float]]", *, coefficients: "Sequence[Sequence[float]]", intercepts: "Sequence[float]"
) -> "list[list[float]]":
    """Rows times the transposed coefficients (k x f) plus intercepts (k): n x k.

    The products of one output are summed exactly and rounded once (`fsum`), so that the result depends neither on an
    order of summation nor on the Python version, as `sum` of floats does since 3.12.
    """
    pairs = tuple(zip(coefficients, intercepts))
    return [[fsum(map(mul, row, weights)) + intercept for weights, intercept in pairs] for row in rows]

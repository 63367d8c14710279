"""Linear maps."""

from math import fsum
from operator import mul


def linear(rows, *, coefficients, intercepts):
    """Rows times the transposed coefficients (k x f) plus intercepts (k): n x k.

    The products of one output are summed exactly and rounded once (`fsum`), so that the result depends neither on an
    order of summation nor on the Python version, as `sum` of floats does since 3.12.
    """
    pairs = tuple(zip(coefficients, intercepts))
    return [[fsum(map(mul, row, weights)) + intercept for weights, intercept in pairs] for row in rows]

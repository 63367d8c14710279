"""Sums of what may have overflowed, as numpy and libsvm have them. Imported where `fsum` refuses a row."""

from _operator import mul
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def sum_products(values: "Iterable[float]", weights: "Iterable[float]") -> float:
    """The sum of products: infinite where it overflows, NaN where infinities of both signs meet."""
    products = [*map(mul, values, weights)]
    try:
        return fsum(products)
    except (OverflowError, ValueError):
        total = 0.0
        for product in products:
            total += product
        return total

"""Sums that may overflow, as numpy and libsvm compute them. Imported if `fsum` refuses a row."""

from _operator import mul
from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def sum_products(values: "Iterable[float]", weights: "Iterable[float]") -> float:
    """Return the sum of products: infinite on overflow, NaN for infinities of both signs."""
    products = [*map(mul, values, weights)]
    try:
        return fsum(products)
    except (OverflowError, ValueError):
        total = 0.0
        for product in products:
            total += product
        return total

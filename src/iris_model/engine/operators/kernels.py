"""Kernel functions of rows (n x f) and the model's vectors (m x f): n x m."""

from _operator import mul, sub
from math import dist, fsum, sqrt

from iris_model.engine import elementary
from iris_model.engine.elementary import whole_power
from iris_model.engine.errors import InvalidInput
from iris_model.engine.measuring import measure
from iris_model.engine.native import find_kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iris_model.engine.kernel_tables import KernelTable, Shape

    Rows = Sequence[Sequence[float]]

# The numbers of the kernel functions in csrc/machines.c.
MACHINES = {"rbf": 0, "laplacian": 1, "polynomial": 2}
INFINITY = float("inf")
NAN = float("nan")
# Up to this degree the C kernel multiplies.
LARGEST_DEGREE = 16


def rbf_kernel(
    rows: "Rows", *, vectors: "Rows", gamma: float, memo: "dict[str, object] | None" = None
) -> "KernelTable | list[list[float]]":
    """Return exp(-gamma |x - y|^2). A distance that overflows gives 0, as in C.

    `memo`, here and below: keeps the C kernel's arranged vectors between calls.
    """
    if _can_wait(vectors):
        shape = MACHINES["rbf"], gamma, 0.0, 0
        return _later(rows, vectors, shape, lambda: _rbf_values(rows, vectors, gamma), memo)
    return _rbf_values(rows, vectors, gamma)


def _rbf_values(rows: "Rows", vectors: "Rows", gamma: float) -> "list[list[float]]":
    squares = measure(rows, vectors, "squared")
    if squares is not None:
        return [[elementary.exp(-gamma * square) for square in line] for line in squares]
    vectors = list(vectors)
    table = []
    for row in rows:
        distances = [dist(row, vector) for vector in vectors]
        table.append([elementary.exp(-gamma * (distance * distance)) for distance in distances])
    return table


def polynomial_kernel(
    rows: "Rows",
    *,
    vectors: "Rows",
    gamma: float,
    coef0: float,
    degree: float,
    refusing: "dict[str, object] | None" = None,
    memo: "dict[str, object] | None" = None,
) -> "KernelTable | list[list[float]]":
    """Return (gamma <x, y> + coef0) ^ degree; NaN for a fractional power of a negative number.

    Raises InvalidInput for NaN if a later operator of the original refuses NaN (`refusing` has `strict`).
    """
    if _can_wait(vectors) and degree in range(LARGEST_DEGREE + 1):
        shape = MACHINES["polynomial"], gamma, coef0, int(degree)
        return _later(rows, vectors, shape, lambda: _polynomial_values(rows, vectors, gamma, coef0, degree), memo)
    table = _polynomial_values(rows, vectors, gamma, coef0, degree)
    if refusing and refusing.get("strict"):
        for index, row in enumerate(table):
            if any(value != value for value in row):
                raise InvalidInput(
                    f"row {index}: the kernel raises a negative number to the power {degree}, which is not a real number",
                    row=index,
                )
    return table


def _polynomial_values(rows: "Rows", vectors: "Rows", gamma: float, coef0: float, degree: float) -> "list[list[float]]":
    return raise_to(_scaled_products(rows, vectors, gamma, coef0), degree)


def raise_to(table: "Rows", degree: float) -> "list[list[float]]":
    """Raise each cell to a power, as numpy does. Up to LARGEST_DEGREE a whole power is a product of its factors."""
    if degree in range(LARGEST_DEGREE + 1):
        return [[whole_power(base, int(degree)) for base in row] for row in table]
    if degree != int(degree):
        return [[power_of(base, degree) for base in row] for row in table]
    try:
        return [[base**degree for base in row] for row in table]
    except (OverflowError, ZeroDivisionError):
        return [[power_of(base, degree) for base in row] for row in table]


def power_of(base: float, degree: float) -> float:
    """Return C's power: infinite on overflow and at a pole, NaN for a fractional power of a negative number."""
    if base < 0.0 and degree != int(degree) and base != -INFINITY:
        # Python would return a complex number.
        return NAN
    try:
        return float(base**degree)
    except OverflowError:
        return -INFINITY if base < 0.0 and degree % 2 == 1 else INFINITY
    except ZeroDivisionError:
        return INFINITY


def sigmoid_kernel(rows: "Rows", *, vectors: "Rows", gamma: float, coef0: float) -> "list[list[float]]":
    """Return tanh(gamma <x, y> + coef0)."""
    return [[elementary.tanh(value) for value in row] for row in _scaled_products(rows, vectors, gamma, coef0)]


def laplacian_kernel(
    rows: "Rows", *, vectors: "Rows", gamma: float, memo: "dict[str, object] | None" = None
) -> "KernelTable | list[list[float]]":
    """Return exp(-gamma |x - y|_1)."""
    if _can_wait(vectors):
        shape = MACHINES["laplacian"], gamma, 0.0, 0
        return _later(rows, vectors, shape, lambda: _laplacian_values(rows, vectors, gamma), memo)
    return _laplacian_values(rows, vectors, gamma)


def _laplacian_values(rows: "Rows", vectors: "Rows", gamma: float) -> "list[list[float]]":
    sums = measure(rows, vectors, "absolute")
    if sums is not None:
        return [[elementary.exp(-gamma * value) for value in line] for line in sums]
    vectors = list(vectors)
    return [[elementary.exp(-gamma * fsum(map(abs, map(sub, row, vector)))) for vector in vectors] for row in rows]


def cosine_kernel(rows: "Rows", *, vectors: "Rows") -> "list[list[float]]":
    """Return <x, y> / |x| |y|. The vectors are already normalized. A row of zeros stays zeros."""
    vectors = list(vectors)
    table = []
    for row in rows:
        length = sqrt(fsum(map(mul, row, row))) or 1.0
        unit = [value / length for value in row]
        table.append([fsum(map(mul, unit, vector)) for vector in vectors])
    return table


def chi_squared_kernel(rows: "Rows", *, vectors: "Rows", gamma: "float | None") -> "list[list[float]]":
    """Return s = -sum((x - y)^2 / (x + y)), with `gamma` exp(gamma * s). Terms with a zero divisor are skipped.

    Source: sklearn.metrics.pairwise (additive_chi2_kernel, chi2_kernel), which accepts no negative values.
    """
    vectors = list(vectors)
    table = []
    for row in rows:
        if min(row) < 0:
            raise ValueError("it accepts no negative values")
        sums = [-fsum([(x - y) * (x - y) / (x + y) for x, y in zip(row, vector) if x + y != 0.0]) for vector in vectors]
        table.append(sums if gamma is None else [elementary.exp(gamma * value) for value in sums])
    return table


def _later(
    rows: "Rows",
    vectors: "Rows",
    shape: "Shape",
    make: "Callable[[], list[list[float]]]",
    memo: "dict[str, object] | None",
) -> "KernelTable":
    from iris_model.engine.kernel_tables import KernelTable

    return KernelTable(rows, vectors, shape, make, memo)


def _can_wait(vectors: "Rows") -> bool:
    return hasattr(vectors, "flat") and find_kernels() is not None


def _scaled_products(rows: "Rows", vectors: "Rows", gamma: float, coef0: float) -> "list[list[float]]":
    products = measure(rows, vectors, "product")
    if products is not None:
        return [[gamma * value + coef0 for value in line] for line in products]
    vectors = list(vectors)
    return [[gamma * fsum(map(mul, row, vector)) + coef0 for vector in vectors] for row in rows]

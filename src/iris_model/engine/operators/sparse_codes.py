"""Sparse codes: a row as the weighted sum of few atoms of a dictionary.

Sources: sklearn.decomposition._dict_learning (_sparse_encode_precomputed), sklearn.linear_model._omp (_gram_omp).
"""

from math import fsum, sqrt
from operator import mul

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]

# Squares and pivots below this end the pursuit.
EPSILON = 2.0**-52


def matching_pursuit(rows: "Rows", *, dictionary: "Rows", gram: "Rows", atoms: int) -> "list[list[float]]":
    """Return the weights of each row's atoms (n x k), at most `atoms` of them, by orthogonal matching pursuit.

    `dictionary` (k x f) holds the atoms, `gram` (k x k) their products.
    """
    dictionary, gram = list(dictionary), list(gram)
    return [_pursue([fsum(map(mul, atom, row)) for atom in dictionary], gram, atoms) for row in rows]


def soft_threshold(rows: "Rows", *, threshold: float, positive: bool) -> "list[list[float]]":
    """Move each cell by `threshold` towards zero, at most to zero. `positive`: negative cells become zero."""
    table = []
    for row in rows:
        line = []
        for value in row:
            size = max(abs(value) - threshold, 0.0)
            line.append(size if value > 0.0 else 0.0 if positive else -size)
        table.append(line)
    return table


def split_signs(rows: "Rows") -> "list[list[float]]":
    """Return the positive parts of all cells, then the sizes of the negative ones: n x 2 k."""
    return [[*(max(value, 0.0) for value in row), *(max(-value, 0.0) for value in row)] for row in rows]


def _pursue(products: "list[float]", gram: "list[Sequence[float]]", atoms: int) -> "list[float]":
    """Select the atom with the largest product with what is left, and solve for all selected ones, step by step.

    `products`: of the row with each atom. The selected atoms come first in `order`.
    """
    order = list(range(len(products)))
    left = products
    factor: list[list[float]] = []
    weights: list[float] = []
    while len(factor) < atoms:
        chosen = len(factor)
        sizes = list(map(abs, left))
        best = sizes.index(max(sizes))
        if best < chosen or left[best] * left[best] < EPSILON:
            break
        atom = order[best]
        line = _solve_lower(factor, [gram[atom][other] for other in order[:chosen]])
        length = sqrt(fsum(map(mul, line, line)))
        pivot = gram[atom][atom] - length * length
        if chosen and pivot <= EPSILON:
            break
        factor.append([*line, sqrt(pivot)])
        order[chosen], order[best] = order[best], order[chosen]
        selected = order[: chosen + 1]
        weights = _solve_upper(factor, _solve_lower(factor, [products[one] for one in selected]))
        left = [products[one] - fsum([gram[one][other] * w for other, w in zip(selected, weights)]) for one in order]
    code = [0.0] * len(products)
    for atom, weight in zip(order, weights):
        code[atom] = weight
    return code


def _solve_lower(factor: "list[list[float]]", right: "list[float]") -> "list[float]":
    """Solve L x = right, where `factor` holds the rows of L up to the diagonal."""
    solved: list[float] = []
    for line, value in zip(factor, right):
        solved.append((value - fsum(map(mul, line, solved))) / line[-1])
    return solved


def _solve_upper(factor: "list[list[float]]", right: "list[float]") -> "list[float]":
    """Solve L' x = right."""
    solved = [0.0] * len(right)
    for place in range(len(right) - 1, -1, -1):
        known = fsum([factor[row][place] * solved[row] for row in range(place + 1, len(right))])
        solved[place] = (right[place] - known) / factor[place][place]
    return solved

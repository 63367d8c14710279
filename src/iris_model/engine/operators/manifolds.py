"""Project new rows into a learned manifold, from their nearest training rows.

Takes the result of `neighbors.py`: for each row a list of (distance, position in training). Returns tables.
"""

from math import sqrt

from .densities import numpy_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]
    Neighbors = list[list[tuple[float, int]]]

NAN = float("nan")


def neighbor_shares(found: "Neighbors", *, shares: "Rows") -> "list[list[float]]":
    """Sum the neighbors' shares (training rows x classes), and divide by the total. Source: BaseLabelPropagation."""
    sums = []
    for pairs in found:
        # numpy adds the rows of a table in order.
        total = [0.0] * len(shares[0])
        for _, position in pairs:
            for place, value in enumerate(shares[position]):
                total[place] += value
        sums.append(total)
    return shares_or_nan(sums)


def shares_or_nan(rows: "list[list[float]]") -> "list[list[float]]":
    """Divide each row by its sum; NaN if no training row is near enough, as in the original."""
    table = []
    for row in rows:
        total = numpy_sum(row)
        table.append([value / total if total else NAN for value in row])
    return table


def geodesic_kernel(found: "Neighbors", *, distances: "Rows") -> "list[list[float]]":
    """Return -0.5 * length^2 of the shortest path through the neighbors to each training row.

    `distances`: between all training rows, along the graph. Source: sklearn.manifold.Isomap.transform.
    """
    table = []
    for pairs in found:
        ways = [[step + distance for step in distances[position]] for distance, position in pairs]
        table.append([-0.5 * (shortest * shortest) for shortest in map(min, zip(*ways))])
    return table


def center_kernel(
    rows: "list[list[float]]", *, means: "Sequence[float]", mean: "Sequence[float]"
) -> "list[list[float]]":
    """Subtract the training means (`means`, by column) and the mean of the row, then add the mean of all (one number).

    The order matters: distant rows differ only in their last digits. Source: sklearn.preprocessing.KernelCenterer.
    """
    all_of_it = mean[0]
    table = []
    for row in rows:
        own = numpy_sum(row) / len(row)
        table.append([value - fitted - own + all_of_it for value, fitted in zip(row, means)])
    return table


def barycenter(
    rows: "Rows", found: "Neighbors", *, vectors: "Rows", embedding: "Rows", regularization: float
) -> "list[list[float]]":
    """Return the weighted mean of the neighbors' positions in the embedding.

    The weights reconstruct the row from its neighbors. Source: sklearn.manifold._locally_linear (barycenter_weights,
    LocallyLinearEmbedding.transform).
    """
    table = []
    for row, pairs in zip(rows, found):
        differences = [[a - b for a, b in zip(vectors[position], row)] for _, position in pairs]
        gram = [[numpy_sum([a * b for a, b in zip(first, second)]) for second in differences] for first in differences]
        trace = numpy_sum([gram[place][place] for place in range(len(gram))])
        for place, line in enumerate(gram):
            line[place] += regularization * trace if trace > 0 else regularization
        weights = _solve(gram, [1.0] * len(gram))
        total = numpy_sum(weights)
        places = [embedding[position] for _, position in pairs]
        table.append([numpy_sum([a * b / total for a, b in zip(column, weights)]) for column in zip(*places)])
    return table


def _solve(matrix: "list[list[float]]", right: "list[float]") -> "list[float]":
    """Solve a symmetric system by Cholesky factorization. Raises ValueError unless positive definite in float64."""
    size = len(right)
    lower = [[0.0] * size for _ in range(size)]
    for column in range(size):
        pivot = matrix[column][column] - numpy_sum([value * value for value in lower[column][:column]])
        if not pivot > 0.0:
            raise ValueError("its neighbors do not span it")
        root = sqrt(pivot)
        lower[column][column] = root
        for line in range(column + 1, size):
            product = numpy_sum([a * b for a, b in zip(lower[line][:column], lower[column][:column])])
            lower[line][column] = (matrix[line][column] - product) / root
    forward: list[float] = []
    for line in range(size):
        known = numpy_sum([a * b for a, b in zip(lower[line], forward)])
        forward.append((right[line] - known) / lower[line][line])
    solution = [0.0] * size
    for line in range(size - 1, -1, -1):
        known = numpy_sum([lower[after][line] * solution[after] for after in range(line + 1, size)])
        solution[line] = (forward[line] - known) / lower[line][line]
    return solution

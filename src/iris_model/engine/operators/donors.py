"""Fill missing cells from the nearest training rows that have a value there. Source: sklearn.impute.KNNImputer.

The original computes distances by matrix products, whose last bits depend on the machine. It selects the nearest rows
with `numpy.argpartition`, whose choice among equally near rows depends on the processor. If the answer depends on
either, the row is refused, unless the tied donors have the same value.
"""

from math import fsum, inf, sqrt

from iris_model.engine.errors import InvalidInput

from .links import add_in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = Sequence[Sequence[float]]

NAN = float("nan")
EPSILON = 2.0**-52
# A distance with a smaller relative error than this gives a usable weight.
KNOWN = 2e-9


def impute_from_donors(
    rows: "list[list[float]]",
    *,
    vectors: "Rows",
    means: "Sequence[float]",
    kept: "Sequence[int]",
    neighbors: int,
    weighted: bool,
    strangers: bool = False,
    float32: bool = False,
) -> "list[list[float]]":
    """Fill the columns `kept` from the training rows `vectors` (missing cells are NaN), or from their `means`.

    A donor is a training row with a value in that column. Distances use the columns that both rows have, scaled up to
    all columns. A training row without a common column is ignored; with `strangers` it counts as the furthest, as in
    scikit-learn before 1.6 without weights. `float32`: training rows and filled cells have that precision. Raises
    InvalidInput for an undecided row.
    """
    table = []
    cell = memoryview(bytearray(4)).cast("f")
    donors: list[list[float]] = []
    largest = 0.0
    for index, row in enumerate(rows):
        gaps = [column for column in kept if row[column] != row[column]]
        if not gaps:
            table.append([row[column] for column in kept])
            continue
        if not donors:
            donors = [list(vector) for vector in vectors]
            largest = max(_square(donor) for donor in donors)
        squares = _measure(row, donors)
        present = sum(cell == cell for cell in row)
        # The rounding error of matrix products, scaled up to all columns as the distance is.
        noise = 16 * EPSILON * (_square(row) + largest) * len(row) / max(present, 1)
        filled = list(row)
        for column in gaps:
            near = [
                (square, donor[column])
                for square, donor in zip(squares, donors)
                if donor[column] == donor[column] and square == square
            ]
            if not near:
                filled[column] = means[column]
                continue
            far = []
            if strangers:
                far = [donor[column] for square, donor in zip(squares, donors) if square != square]
                far = [value for value in far if value == value]
            filled[column] = _fill(near, far, neighbors, weighted, noise, index)
            if float32:
                cell[0] = filled[column]
                filled[column] = cell[0]
        table.append([filled[column] for column in kept])
    return table


def _measure(row: "list[float]", donors: "list[list[float]]") -> "list[float]":
    """Return squared distances: NaN for donors without a common column, and for all if a square overflows."""
    if any(cell * cell == inf for cell in row):
        return [NAN] * len(donors)
    squares = []
    for donor in donors:
        differences = [(a - b) for a, b in zip(row, donor) if a == a and b == b]
        count = len(differences)
        squares.append(fsum([one * one for one in differences]) / count * len(row) if count else NAN)
    return squares


def _fill(
    near: "list[tuple[float, float]]", far: "list[float]", neighbors: int, weighted: bool, noise: float, row: int
) -> float:
    near = sorted(near, key=_first)
    chosen = near[:neighbors]
    if len(near) > neighbors:
        last = chosen[-1][0]
        if not near[neighbors][0] - last > 2 * noise:
            tied = {value for square, value in near if not abs(square - last) > 2 * noise}
            if len(tied) > 1:
                raise _undecided(row)
    if not weighted:
        values = [value for _, value in chosen]
        if far and len(values) < neighbors:
            if len(values) + len(far) > neighbors and len(set(far)) > 1:
                raise _undecided(row)
            values += far[: neighbors - len(values)]
        return fsum(values) / len(values)
    if any(not noise <= KNOWN * square for square, _ in chosen):
        raise _undecided(row)
    weights = [1.0 / sqrt(square) for square, _ in chosen]
    return fsum([weight * value for weight, (_, value) in zip(weights, chosen)]) / fsum(weights)


def _first(pair: "tuple[float, object]") -> float:
    return pair[0]


def _square(row: "Sequence[float]") -> float:
    """Return the sum of squares of the cells that are not missing."""
    return add_in_order([cell * cell for cell in row if cell == cell])


def _undecided(row: int) -> InvalidInput:
    return InvalidInput(
        f"row {row}: training rows with different values are about equally far, and rounding decides which of them fill "
        'the missing cell; send a value, or use executor = "original"',
        row=row,
        problem="undecided",
    )

"""Missing cells filled with what the nearest training rows have there. Source: sklearn.impute.KNNImputer.

The original measures by products of matrices, whose last bits depend on the machine, and takes the nearest with
`numpy.argpartition`, which of equally near ones takes these on one processor and those on another. So a row is refused whose
answer hangs on that; where the donors that tie have the same value, it does not.
"""

from math import fsum, inf, sqrt

from .errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Rows = Sequence[Sequence[float]]

NAN = float("nan")
EPSILON = 2.0**-52
# A distance that is known to this part of itself is good for a weight.
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
) -> "list[list[float]]":
    """Fill the columns `kept` from the training rows `vectors` (missing cells are NaN), or from their `means`.

    A training row can give a cell that it has. Distances count the columns that both rows have, as if it were all; a
    training row that has none in common with the row gives nothing, or, as before scikit-learn 1.6 where nothing is weighted,
    counts as the furthest (`strangers`).
    """
    table = []
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
        # What products of matrices may be off by, for the few columns that count stand for all.
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
        table.append([filled[column] for column in kept])
    return table


def _measure(row: "list[float]", donors: "list[list[float]]") -> "list[float]":
    """Squared distances; NaN where nothing is in common, and everywhere once a square is infinite, as in the original."""
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


def _first(pair: "tuple[float, Any]") -> float:
    return pair[0]


def _square(row: "Sequence[float]") -> float:
    """The squared length of what is there."""
    return sum([cell * cell for cell in row if cell == cell])


def _undecided(row: int) -> InvalidInput:
    return InvalidInput(
        f"row {row}: training rows with different values are about equally far, and which of them fill the missing cell "
        "hangs on the last bit of the original's arithmetic; send the cell, or serve the original",
        row=row,
        problem="undecided",
    )

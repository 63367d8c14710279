"""The nearest training rows: per row, a list of (distance, position in training), nearest first.

Which of several equally near rows are taken is part of the answer. The originals keep the k nearest in a heap, so what
stays depends on the order in which rows are offered and on the heap itself: both are followed here.
Sources: sklearn.neighbors._binary_tree, sklearn.utils._heap, sklearn.metrics._pairwise_distances_reduction._argkmin.
"""

from math import sqrt, ulp

from .centers import expanded_distances
from .errors import InvalidInput
from .measuring import MEASURES, measure
from .metrics import find_metric
from .native import find_kernels, run_kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from .found import Found
    from .metrics import Measure

    Rows = Sequence[Sequence[float]]
    Neighbors = Found | list[list[tuple[float, int]]]

INFINITY = float("inf")
# Where heaps start: nothing beyond gets in, and position 0 stays.
LARGEST = 1.7976931348623157e308
EPSILON = 2.0**-52
# Squares of whole numbers below this add up without rounding, a thousand features long.
MOST_WHOLE = 1e6
# Up to so many cells a kernel measures all points before Python has searched a tree.
MOST_CELLS = 200_000
# What makes a row doubtful for the kernel: their numbers in csrc/nearest.c.
DOUBTS = {"none": 0, "products": 1, "whole products": 2, "tree": 3}
# What the kernels call the metrics that they know.
KERNEL_MEASURES = {"euclidean": "squared", "manhattan": "absolute", "chebyshev": "largest", "products": "expanded"}
# The power that distances to boxes are made of, for metrics that are not named after theirs.
BOX_POWERS = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": INFINITY}


def nearest_in_tree(
    rows: "Rows",
    *,
    points: "Rows",
    order: "Sequence[int]",
    starts: "Sequence[int]",
    ends: "Sequence[int]",
    leaves: "Sequence[int]",
    low: "Rows",
    high: "Rows | None" = None,
    radii: "Sequence[float] | None" = None,
    neighbors: int,
    metric: str,
    power: float,
    weights: "Sequence[float] | None" = None,
    matrix: "Rows | None" = None,
) -> "Neighbors":
    """Search a tree of boxes (`low`, `high`) or of balls (centers in `low`, and `radii`), the nearer child first.

    The children of node i are 2 i + 1 and 2 i + 2. A leaf holds `points` from `starts` to `ends`, whose positions in
    training `order` gives.
    """
    reduced, expand, reduce = find_metric(metric, power, weights, matrix)
    box_power = BOX_POWERS.get(metric, power)

    def bound(node: int, row: "Sequence[float]") -> float:
        """The smallest reduced distance that a row of this node can have."""
        if radii is not None:
            reach = expand(reduced(row, low[node])) - radii[node]
            return reduce(reach) if reach > 0.0 else 0.0
        return _box_distance(row, low[node], high[node], box_power)  # type: ignore[index]

    def search(row: "Sequence[float]") -> "list[tuple[float, int]]":
        distances, positions = [INFINITY] * neighbors, [0] * neighbors
        waiting = [(bound(0, row), 0)]
        while waiting:
            least, node = waiting.pop()
            if least > distances[0]:
                continue
            if leaves[node]:
                for place in range(starts[node], ends[node]):
                    distance = reduced(row, points[place])
                    if not distance >= distances[0]:
                        heap_push(distances, positions, distance, order[place])
                continue
            left, right = 2 * node + 1, 2 * node + 2
            first, second = (bound(left, row), left), (bound(right, row), right)
            waiting += (second, first) if first[0] <= second[0] else (first, second)
        return _sorted([expand(distance) for distance in distances], positions)

    if len(points) * len(rows[0]) <= MOST_CELLS and neighbors < len(points):
        # Where no two of the nearest are about equally far, every search finds these and in this order, whatever it leaves
        # out by rounded bounds.
        made = _ask_kernel(rows, points, metric, neighbors + 1, "tree")
        if made is not None:
            near, doubtful = made
            return _without_the_last(near, doubtful, rows, order, search)
    return [search(row) for row in rows]


def _without_the_last(
    near: "Found",
    doubtful: "list[int]",
    rows: "Rows",
    order: "Sequence[int]",
    search: "Callable[[Sequence[float]], list[tuple[float, int]]]",
) -> "Neighbors":
    """One neighbor less per row, their positions in training; doubtful rows are searched for."""
    neighbors = near.neighbors - 1
    doubts = set(doubtful)
    found = []
    for place, (row, pairs) in enumerate(zip(rows, near)):
        if place in doubts:
            found.append(search(row))
        else:
            found.append([(distance, order[position]) for distance, position in pairs[:neighbors]])
    return found


def nearest_in_table(
    rows: "Rows",
    *,
    vectors: "Rows",
    neighbors: int,
    metric: str,
    power: float,
    weights: "Sequence[float] | None" = None,
    matrix: "Rows | None" = None,
) -> "Neighbors":
    """Measure every training row, in order."""
    made = _ask_kernel(rows, vectors, metric, neighbors, "none")
    if made is not None:
        return made[0]
    reduced, expand, _ = find_metric(metric, power, weights, matrix)
    found = []
    for line in _measured(rows, vectors, reduced, metric):
        distances, positions = _smallest(line, neighbors)
        found.append(_sorted([expand(distance) for distance in distances], positions))
    return found


def nearest_by_products(
    rows: "Rows",
    *,
    vectors: "Rows",
    norms: "Sequence[float]",
    groups: "Sequence[int]",
    neighbors: int,
    whole: bool,
) -> "Neighbors":
    """As above, for Euclidean distances that the original gets from products of matrices.

    Their last bits depend on the machine, so a row whose answer hangs on them is refused. `groups`: training rows with
    the same target are of one group, and it does not matter which of them is taken. `whole`: the training rows are small
    whole numbers, and then a row of such numbers has exact distances.
    """
    largest = max(norms)

    def search(row: "Sequence[float]", line: "list[float]") -> "list[tuple[float, int]]":
        distances, positions = _smallest(line, neighbors)
        # What products of matrices may be off by. Far away the sum is coarser than that, so its rounding is the same
        # everywhere: whole groups of training rows tie, and the first ones are taken.
        noise = 8 * EPSILON * (2 * sqrt(max(line)) * sqrt(largest) + largest)
        if ulp(distances[0]) < 2 * noise < INFINITY and not (whole and _is_whole(row)):
            # The first that was not taken: mostly it is clearly further, and then nothing hangs on the last bit.
            beyond = _smallest(line, neighbors + 1)[0][0] if neighbors < len(line) else INFINITY
            if beyond - distances[0] <= noise:
                near = [place for place, value in enumerate(line) if abs(value - distances[0]) <= noise]
                if len({groups[place] for place in near}) > 1:
                    raise _undecided()
        return _sorted([sqrt(distance) for distance in distances], positions)

    made = _ask_kernel(rows, vectors, "products", neighbors, "whole products" if whole else "products", norms)
    if made is None:
        lines = expanded_distances(rows, vectors=vectors, norms=norms, with_row_norm=True)
        return [search(row, line) for row, line in zip(rows, lines)]
    found, doubtful = made
    for place in doubtful:
        row = rows[place]
        (line,) = expanded_distances([row], vectors=vectors, norms=norms, with_row_norm=True)
        found.replace(place, search(row, line))
    return found


def _ask_kernel(
    rows: "Rows", vectors: "Any", metric: str, neighbors: int, doubts: str, norms: "Sequence[float] | None" = None
) -> "tuple[Found, list[int]] | None":
    """The nearest vectors and the doubtful rows, or None."""
    kernels, flat, kind = find_kernels(), getattr(vectors, "flat", None), KERNEL_MEASURES.get(metric)
    if kernels is None or flat is None or kind is None:
        return None
    with_root = kind in ("squared", "expanded")
    arguments = flat, len(vectors), MEASURES[kind], norms, neighbors, DOUBTS[doubts], with_root
    made: tuple[bytearray, bytearray, list[int]] | None = kernels.nearest(rows, *arguments)
    if made is None:
        return None
    from .found import Found

    return Found(made[0], made[1], neighbors), made[2]


def within_radius(
    rows: "Rows",
    *,
    vectors: "Rows",
    radius: float,
    metric: str,
    power: float,
    weights: "Sequence[float] | None" = None,
    matrix: "Rows | None" = None,
) -> "Neighbors":
    """All training rows that are no further than `radius`, in the order of training."""
    reduced, expand, reduce = find_metric(metric, power, weights, matrix)
    limit = reduce(radius)
    found = []
    for line in _measured(rows, vectors, reduced, metric):
        found.append([(expand(value), place) for place, value in enumerate(line) if value <= limit])
    return found


def within_radius_by_products(
    rows: "Rows", *, vectors: "Rows", norms: "Sequence[float]", radius: float, whole: bool
) -> "Neighbors":
    """As above, for distances from products of matrices: a training row on the very border is refused."""
    limit = radius * radius
    largest = max(norms)
    found = []
    # A row near the border is no longer than the longest training row and the radius together.
    noise = 32 * EPSILON * (limit + largest)
    for row, line in zip(rows, expanded_distances(rows, vectors=vectors, norms=norms, with_row_norm=True)):
        if not (whole and _is_whole(row)) and any(abs(value - limit) <= noise for value in line):
            raise _undecided()
        found.append([(sqrt(value), place) for place, value in enumerate(line) if value <= limit])
    return found


def heap_push(distances: "list[float]", positions: "list[int]", distance: float, position: int) -> None:
    """Replace the largest of a heap by something smaller, and let it sink to its place."""
    size = len(distances)
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and not distances[child] >= distances[child + 1]:
            child += 1
        if not distances[child] > distance:
            break
        distances[place] = distances[child]
        positions[place] = positions[child]
        place = child
    distances[place] = distance
    positions[place] = position


def _measured(rows: "Rows", vectors: "Rows", reduced: "Measure", metric: str) -> "Iterator[list[float]]":
    """The reduced distances of each row, row by row: all at once would fill the memory."""
    kind = KERNEL_MEASURES.get(metric)
    unpacked: Rows | None = None
    for row in rows:
        made = measure([row], vectors, kind) if kind else None
        if made is not None:
            yield made[0]
            continue
        unpacked = unpacked or list(vectors)
        yield [reduced(row, vector) for vector in unpacked]


def _smallest(line: "list[float]", count: int) -> "tuple[list[float], list[int]]":
    made: tuple[list[float], list[int]] | None = run_kernel("smallest", line, count)
    if made is not None:
        return made
    distances, positions = [LARGEST] * count, [0] * count
    for position, distance in enumerate(line):
        if not distance >= distances[0]:
            heap_push(distances, positions, distance, position)
    return distances, positions


def _sorted(distances: "list[float]", positions: "list[int]") -> "list[tuple[float, int]]":
    return sorted(zip(distances, positions), key=_distance)


def _distance(pair: "tuple[float, int]") -> float:
    return pair[0]


def _is_whole(row: "Sequence[float]") -> bool:
    return all(abs(value) < MOST_WHOLE and value == int(value) for value in row)


def _box_distance(row: "Sequence[float]", low: "Sequence[float]", high: "Sequence[float]", power: float) -> float:
    total = 0.0
    for value, lowest, highest in zip(row, low, high):
        below, above = lowest - value, value - highest
        outside = 0.5 * ((below + abs(below)) + (above + abs(above)))
        if power == INFINITY:
            total = max(total, outside)
        elif outside:
            try:
                total += outside**power
            except OverflowError:
                return INFINITY
    return total


def _undecided() -> InvalidInput:
    return InvalidInput(
        "training rows with different targets are equally far from this row, and which of them counts hangs on the last "
        "bit of the original's arithmetic; train with algorithm='kd_tree' or 'ball_tree', which decide exactly",
        problem="undecided",
    )

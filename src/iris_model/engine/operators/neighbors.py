"""The nearest training rows: for each row a list of (distance, position in training), nearest first.

The selection among equally near rows is part of the answer. The originals keep the k nearest rows in a heap, so it
depends on the heap and on the order in which rows are pushed. Both are reproduced here. Sources:
sklearn.neighbors._binary_tree, sklearn.utils._heap, sklearn.metrics._pairwise_distances_reduction._argkmin.
"""

from math import fsum, sqrt, ulp
from operator import mul

from iris_model.engine.errors import InvalidInput
from iris_model.engine.measuring import MEASURES, measure
from iris_model.engine.metrics import find_metric
from iris_model.engine.native import find_kernels, run_kernel

from .centers import expanded_distances

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from iris_model.engine.found import Found
    from iris_model.engine.metrics import Measure

    Rows = Sequence[Sequence[float]]
    Neighbors = Found | list[list[tuple[float, int]]]

INFINITY = float("inf")
# The initial value of heaps: a larger distance never enters, and position 0 stays.
LARGEST = 1.7976931348623157e308
EPSILON = 2.0**-52
# Squares of integers below this are added without rounding, for up to a thousand features.
MOST_WHOLE = 1e6
# A square with a relative error below 1 / NOISE has ten correct digits, and so do weights computed from it.
NOISE = 4e9
# Up to this many cells, a C kernel that measures all points is faster than Python's search of the tree.
MOST_CELLS = 200_000
# The conditions under which the C kernel returns a row as undecided: the numbers of csrc/nearest.c.
DOUBTS = {"none": 0, "products": 1, "whole products": 2, "tree": 3}
# Metric -> the C kernels' name of it, for the metrics that they support.
KERNEL_MEASURES = {"euclidean": "squared", "manhattan": "absolute", "chebyshev": "largest", "products": "expanded"}
# The power for distances to boxes, for metrics without a `power` parameter.
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

    The children of node i are 2 i + 1 and 2 i + 2. A leaf holds `points` from `starts` to `ends`; `order` gives their
    positions in training.
    """
    reduced, expand, reduce = find_metric(metric, power, weights, matrix)
    box_power = BOX_POWERS.get(metric, power)

    def bound(node: int, row: "Sequence[float]") -> float:
        """Return a lower bound of the reduced distance from the row to the points of this node."""
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
        # If all distances among the nearest differ clearly, every search returns the same rows in the same order,
        # whichever nodes it skips because of rounded bounds.
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
    """Drop each row's last neighbor, and return positions in training. Undecided rows are searched in Python."""
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
    ordered: bool = True,
    weighted: bool = False,
) -> "Neighbors":
    """Return `nearest_in_table` for Euclidean distances that the original computes by matrix products.

    Their last bits depend on the machine, so a row whose answer depends on them is refused (InvalidInput). `groups`:
    training rows with the same target are in one group, and are interchangeable. `whole`: the training rows are small
    integers, so that distances from rows of small integers are exact. `ordered`: the first of equally far training rows
    are selected. `weighted`: distances are part of the answer, so one dominated by rounding error is refused.
    """
    largest = max(norms)

    def search(row: "Sequence[float]", line: "list[float]") -> "list[tuple[float, int]]":
        distances, positions = _smallest(line, neighbors)
        # The rounding error of matrix products. For distant rows the sum is rounded more coarsely than that, equally on
        # every machine: whole groups of training rows tie, and the first ones are selected.
        noise = 8 * EPSILON * (2 * sqrt(max(line)) * sqrt(largest) + largest)
        is_exact = whole and _is_whole(row)
        if weighted and not is_exact and any(value < NOISE * noise for value in distances):
            raise _undecided()
        if (not ordered or ulp(distances[0]) < 2 * noise < INFINITY) and not is_exact:
            # The nearest training row that is not selected. If it is clearly further, the last bit does not matter.
            beyond = _smallest(line, neighbors + 1)[0][0] if neighbors < len(line) else INFINITY
            if beyond - distances[0] <= noise:
                near = [place for place, value in enumerate(line) if abs(value - distances[0]) <= noise]
                if len({groups[place] for place in near}) > 1:
                    raise _undecided()
        elif not is_exact and 0.0 < distances[0] < INFINITY:
            _check_far(row, vectors, norms, groups, line, distances[0], noise)
        return _sorted([sqrt(distance) for distance in distances], positions)

    made = None
    if not weighted:
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


def _check_far(
    row: "Sequence[float]",
    vectors: "Rows",
    norms: "Sequence[float]",
    groups: "Sequence[int]",
    line: "list[float]",
    limit: float,
    noise: float,
) -> None:
    """Refuse a distant row if the machine's rounding decides which training rows are selected.

    Its distances are multiples of a unit (one ulp) larger than their differences, so many tie and the first are
    selected. But the original's |x|^2 may differ by one unit, and half a unit is rounded to even. Therefore |x|^2
    can decide which training rows tie.
    """
    unit = ulp(limit)
    near = [place for place, value in enumerate(line) if abs(value - limit) <= 2.0 * unit]
    if len({groups[place] for place in near}) < 2:
        return
    own = fsum(map(mul, row, row))
    for place in near:
        middle, norm = 2.0 * fsum(map(mul, row, vectors[place])), norms[place]
        ends = {
            own + step - (middle + off) + norm - step
            for step in (-unit, 0.0, unit)
            for off in (-noise / 8.0, noise / 8.0)
        }
        if len(ends) > 1 and min(ends) <= limit <= max(ends):
            raise _undecided()


def _ask_kernel(
    rows: "Rows", vectors: "Rows", metric: str, neighbors: int, doubts: str, norms: "Sequence[float] | None" = None
) -> "tuple[Found, list[int]] | None":
    """Return the nearest vectors and the numbers of the undecided rows, or None without a C kernel."""
    kernels, flat, kind = find_kernels(), getattr(vectors, "flat", None), KERNEL_MEASURES.get(metric)
    if kernels is None or flat is None or kind is None:
        return None
    with_root = kind in ("squared", "expanded")
    arguments = flat, len(vectors), MEASURES[kind], norms, neighbors, DOUBTS[doubts], with_root
    made: tuple[bytearray, bytearray, list[int]] | None = kernels.nearest(rows, *arguments)
    if made is None:
        return None
    from iris_model.engine.found import Found

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
    """Return all training rows within `radius`, in the order of training."""
    reduced, expand, reduce = find_metric(metric, power, weights, matrix)
    limit = reduce(radius)
    found = []
    for line in _measured(rows, vectors, reduced, metric):
        found.append([(expand(value), place) for place, value in enumerate(line) if value <= limit])
    return found


def within_radius_by_products(
    rows: "Rows", *, vectors: "Rows", norms: "Sequence[float]", radius: float, whole: bool, weighted: bool = False
) -> "Neighbors":
    """Return `within_radius` for distances that the original computes by matrix products.

    Raises InvalidInput if a training row is on the border within the rounding error. `weighted`: distances are part of
    the answer, so one dominated by rounding error is also refused.
    """
    limit = radius * radius
    largest = max(norms)
    found = []
    # The norm of a row near the border is at most the largest norm of a training row plus the radius.
    noise = 32 * EPSILON * (limit + largest)
    for row, line in zip(rows, expanded_distances(rows, vectors=vectors, norms=norms, with_row_norm=True)):
        is_exact = whole and _is_whole(row)
        if not is_exact and limit < INFINITY and any(abs(value - limit) <= noise for value in line):
            raise _undecided()
        if weighted and not is_exact and any(value < NOISE * noise and value <= limit for value in line):
            raise _undecided()
        found.append([(sqrt(value), place) for place, value in enumerate(line) if value <= limit])
    return found


def heap_push(distances: "list[float]", positions: "list[int]", distance: float, position: int) -> None:
    """Replace the largest entry of a heap by a smaller one, and sift it down."""
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
    """Yield the reduced distances row by row: all of them would fill the memory."""
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
        elif power == 2.0:
            total += outside * outside
        elif power == 1.0:
            total += outside
        elif outside:
            try:
                total += outside**power
            except OverflowError:
                return INFINITY
    return total


def _undecided() -> InvalidInput:
    return InvalidInput(
        "training rows with different targets are equally far from this row, and rounding decides which of them counts; "
        "train with algorithm='kd_tree' or 'ball_tree', which decide exactly",
        problem="undecided",
    )

"""The logarithm of a kernel density, added up over a tree of training rows as the original does.

The original keeps a lower bound of the density and the width of the bound. It replaces the bounds of a node by those of
its children, or by the points of a leaf. Its differences of logarithms cancel, so the order of all steps is part of the
answer. Source: sklearn.neighbors._binary_tree (kernel_density).
"""

from math import cos, exp, log, pi

from iris_model.engine.metrics import find_metric

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Vector = Sequence[float]
    Rows = Sequence[Vector]
    Limits = Callable[[int, Vector], tuple[float, float]]
    Bounds = tuple[float, float]

INFINITY = float("inf")
NAN = float("nan")
# exp(-NEGLIGIBLE) is less than half of the last bit of 1, with a margin for the rounding of the two logarithms.
NEGLIGIBLE = 39.0
# The power of the distances to boxes, for metrics without a `power` parameter.
BOX_POWERS = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": INFINITY}


def kernel_density(
    rows: "Rows",
    *,
    points: "Rows",
    starts: "Sequence[int]",
    ends: "Sequence[int]",
    leaves: "Sequence[int]",
    low: "Rows",
    high: "Rows | None" = None,
    radii: "Vector | None" = None,
    total: float,
    totals: "Vector",
    log_weights: "Vector | None" = None,
    metric: str,
    power: float,
    weights: "Vector | None" = None,
    matrix: "Rows | None" = None,
    kernel: str,
    bandwidth: float,
    tolerance: float,
    relative: float,
    log_norm: float,
    log_total: float,
    breadth_first: bool,
) -> "list[float]":
    """Return the log density of each row (n).

    The tree has the layout of `nearest_in_tree`. `total`: the weight of all points; `totals`: that of each node, added
    up in another order. `log_weights`: the logarithm of the weight of each point. `tolerance` and `relative`: where the
    original stops.
    """
    reduced, expand, _ = find_metric(metric, power, weights, matrix)
    shape = KERNELS[kernel]
    points, low, high = list(points), list(low), None if high is None else list(high)
    log_of_all, log_totals = _log(total), [_log(weight) for weight in totals]
    stop = (_log(tolerance), _log(relative))

    def limits(node: int, row: "Vector") -> "Bounds":
        if radii is None:
            return _box_limits(row, low[node], high[node], BOX_POWERS.get(metric, power))  # type: ignore[index]
        distance = expand(reduced(row, low[node]))
        return max(0.0, distance - radii[node]), distance + radii[node]

    def may_stop(spread: float, least: float) -> bool:
        return spread <= _add(stop[0], stop[1] + log_norm + least)

    def is_done(node: int, spread: float, least: float) -> bool:
        return may_stop(log_norm + spread - log_totals[node] + log_of_all, least)

    def add_points(least: float, row: "Vector", node: int) -> float:
        for place in range(starts[node], ends[node]):
            part = shape(expand(reduced(row, points[place])), bandwidth)
            least = _add(least, part if log_weights is None else part + log_weights[place])
        return least

    def search_breadth(row: "Vector") -> "Bounds":
        nearest, farthest = limits(0, row)
        waiting: list[tuple[float, int]] = []
        _push(waiting, (nearest, 0))
        least = log_of_all + shape(farthest, bandwidth)
        spread = _subtract(log_of_all + shape(nearest, bandwidth), least)
        bounds = {0: (least, spread)}
        while waiting:
            node = _pop(waiting)[1]
            own_least, own_spread = bounds.pop(node)
            if is_done(node, own_spread, own_least):
                continue
            if may_stop(log_norm + spread, least):
                break
            least, spread = _subtract(least, own_least), _subtract(spread, own_spread)
            if leaves[node]:
                # The second number is at least that of each point. A sum that all of them leave as it is needs no search.
                if not node or own_spread >= least - NEGLIGIBLE:
                    least = add_points(least, row, node)
                continue
            for child in (2 * node + 1, 2 * node + 2):
                nearest, farthest = limits(child, row)
                # The second number is an upper bound here, not a difference, as in the original.
                lower = log_totals[child] + shape(farthest, bandwidth)
                upper = log_totals[child] + shape(nearest, bandwidth)
                bounds[child] = (lower, upper)
                least, spread = _add(least, lower), _add(spread, upper)
                _push(waiting, (nearest, child))
        return least, spread

    def search_depth(row: "Vector") -> "Bounds":
        nearest, farthest = limits(0, row)
        least = log_of_all + shape(farthest, bandwidth)
        spread = _subtract(log_of_all + shape(nearest, bandwidth), least)
        waiting = [(0, least, spread)]
        while waiting:
            node, own_least, own_spread = waiting.pop()
            if is_done(node, own_spread, own_least) or may_stop(log_norm + spread, least):
                continue
            least, spread = _subtract(least, own_least), _subtract(spread, own_spread)
            if leaves[node]:
                least = add_points(least, row, node)
                continue
            children = []
            for child in (2 * node + 1, 2 * node + 2):
                nearest, farthest = limits(child, row)
                lower = log_totals[child] + shape(farthest, bandwidth)
                width = _subtract(log_totals[child] + shape(nearest, bandwidth), lower)
                least, spread = _add(least, lower), _add(spread, width)
                children.append((child, lower, width))
            waiting += reversed(children)
        return least, spread

    search = search_breadth if breadth_first else search_depth
    made = []
    for row in rows:
        least, spread = search(row)
        made.append(_add(least, spread - log(2.0)) + log_norm - log_total)
    return made


def _box_limits(row: "Vector", low: "Vector", high: "Vector", power: float) -> "Bounds":
    """Return the least and the greatest distance from a row to the points in a box."""
    nearest = farthest = 0.0
    for value, lowest, highest in zip(row, low, high):
        below, above = lowest - value, value - highest
        outside = 0.5 * ((below + abs(below)) + (above + abs(above)))
        across = max(abs(below), abs(above))
        if power == INFINITY:
            nearest, farthest = max(nearest, outside), max(farthest, across)
        else:
            nearest, farthest = nearest + _power(outside, power), farthest + _power(across, power)
    if power == INFINITY:
        return nearest, farthest
    return _power(nearest, 1.0 / power), _power(farthest, 1.0 / power)


def _power(value: float, exponent: float) -> float:
    try:
        return float(value**exponent)
    except OverflowError:
        return INFINITY


def _log(value: float) -> float:
    """Return the logarithm as C does: of zero it is -infinity, of a negative number NaN."""
    return log(value) if value > 0.0 else -INFINITY if value == 0.0 else NAN


def _add(first: float, second: float) -> float:
    """Return log(exp(first) + exp(second))."""
    if second < first - NEGLIGIBLE:
        return first
    largest = max(first, second)
    if largest == -INFINITY:
        return -INFINITY
    return largest + log(exp(first - largest) + exp(second - largest))


def _subtract(first: float, second: float) -> float:
    """Return log(exp(first) - exp(second)); -infinity if that is not positive."""
    return -INFINITY if first <= second else first + _log(1.0 - exp(second - first))


def _push(heap: "list[tuple[float, int]]", item: "tuple[float, int]") -> None:
    heap.append(item)
    place = len(heap) - 1
    while place:
        parent = (place - 1) // 2
        if heap[parent][0] <= heap[place][0]:
            break
        heap[parent], heap[place] = heap[place], heap[parent]
        place = parent


def _pop(heap: "list[tuple[float, int]]") -> "tuple[float, int]":
    """Remove the node at the root. Nodes of equal distance leave in the original's order, so heapq will not do."""
    root, last = heap[0], heap.pop()
    if not heap:
        return root
    heap[0] = last
    place, count = 0, len(heap)
    while True:
        child = 2 * place + 1
        if child >= count:
            return root
        if child + 1 < count and not heap[child][0] <= heap[child + 1][0]:
            child += 1
        if not heap[child][0] <= heap[place][0]:
            return root
        heap[place], heap[child] = heap[child], heap[place]
        place = child


def _gaussian(distance: float, width: float) -> float:
    return -0.5 * (distance * distance) / (width * width)


def _tophat(distance: float, width: float) -> float:
    return 0.0 if distance < width else -INFINITY


def _epanechnikov(distance: float, width: float) -> float:
    return _log(1.0 - (distance * distance) / (width * width)) if distance < width else -INFINITY


def _exponential(distance: float, width: float) -> float:
    return -distance / width


def _linear(distance: float, width: float) -> float:
    return _log(1.0 - distance / width) if distance < width else -INFINITY


def _cosine(distance: float, width: float) -> float:
    return _log(cos(0.5 * pi * distance / width)) if distance < width else -INFINITY


KERNELS: "dict[str, Callable[[float, float], float]]" = {
    "gaussian": _gaussian,
    "tophat": _tophat,
    "epanechnikov": _epanechnikov,
    "exponential": _exponential,
    "linear": _linear,
    "cosine": _cosine,
}

"""Steps that combine the cells along axes: sums, extremes, and the places of the largest cells."""

import math

from .activations import exponential, logarithm
from .arrays import BITS, FLOATS, Array, axis_in, make, positions, size_of, split_at, strides_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from .arrays import Attributes, Inputs, Numbers, StepFunction

    Reduction: TypeAlias = Callable[[Numbers], float]


def total(cells: "Sequence[float]") -> float:
    """Return the sum, rounded once; infinite or NaN if the terms are."""
    try:
        return math.fsum(cells)
    except (OverflowError, ValueError):
        return sum(cells)


def _largest(cells: "Numbers") -> float:
    return next((cell for cell in cells if cell != cell), None) or max(cells)


def _smallest(cells: "Numbers") -> float:
    return next((cell for cell in cells if cell != cell), None) or min(cells)


def _log_sum_exp(cells: "Sequence[float]") -> float:
    if not cells:
        return -math.inf
    largest = max(cells)
    if math.isinf(largest):
        return largest
    return largest + logarithm(total([exponential(cell - largest) for cell in cells]))


def _mean(cells: "Sequence[float]") -> float:
    return total(cells) / len(cells) if cells else math.nan


REDUCTIONS: "dict[str, tuple[Reduction, Reduction]]" = {
    "ReduceL1": (lambda cells: total([abs(cell) for cell in cells]), lambda cells: sum(map(abs, cells))),
    "ReduceL2": (
        lambda cells: math.sqrt(total([cell * cell for cell in cells])),
        lambda cells: int(math.sqrt(sum([cell * cell for cell in cells]))),
    ),
    "ReduceLogSum": (lambda cells: logarithm(total(cells)), lambda cells: int(logarithm(sum(cells)))),
    "ReduceLogSumExp": (_log_sum_exp, lambda cells: int(_log_sum_exp(cells))),
    "ReduceMax": (_largest, max),
    "ReduceMean": (_mean, lambda cells: int(_mean(cells))),
    "ReduceMin": (_smallest, min),
    "ReduceProd": (math.prod, math.prod),
    "ReduceSum": (total, sum),
    "ReduceSumSquare": (
        lambda cells: total([cell * cell for cell in cells]),
        lambda cells: sum([cell * cell for cell in cells]),
    ),
}
# The result for no cells at all.
EMPTY = {"ReduceMax": -math.inf, "ReduceMin": math.inf}


def _reduce(name: str) -> "StepFunction":
    for_floats, for_integers = REDUCTIONS[name]

    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        axes = inputs[1].integers() if len(inputs) > 1 and inputs[1] is not None else attributes.get("axes")
        if not axes and attributes.get("noop_with_empty_axes", 0):
            # Reduces nothing, but still applies the function to each cell.
            function = for_floats if value.kind in FLOATS else for_integers
            return [make([function([cell]) for cell in value.cells], value.shape, value.kind)]
        rank = len(value.shape)
        gone = {axis_in(axis, rank) for axis in axes} if axes else set(range(rank))
        keeps = attributes.get("keepdims", 1)
        shape = tuple([1 if axis in gone else n for axis, n in enumerate(value.shape) if keeps or axis not in gone])
        function = for_floats if value.kind in FLOATS else for_integers
        cells = value.cells
        kept = [axis for axis in range(rank) if axis not in gone]
        if kept == list(range(len(kept))):
            width = size_of([value.shape[axis] for axis in gone])
            count = size_of([value.shape[axis] for axis in kept])
            groups: Iterable[Numbers] = (cells[start * width : (start + 1) * width] for start in range(count))
        else:
            strides = strides_of(value.shape)
            order = sorted(gone)
            offsets = positions([value.shape[axis] for axis in order], [strides[axis] for axis in order])
            starts = positions([value.shape[axis] for axis in kept], [strides[axis] for axis in kept])
            groups = ([cells[start + offset] for offset in offsets] for start in starts)
        if name in EMPTY:
            empty = _limit(value.kind, largest=name == "ReduceMin")
            made = [function(group) if len(group) else empty for group in groups]
        else:
            made = [function(group) for group in groups]
        return [make(made, shape, value.kind)]

    return step


def _limit(kind: str, *, largest: bool) -> float:
    if kind in FLOATS:
        return math.inf if largest else -math.inf
    if kind == "?":
        return int(largest)
    bits = BITS[kind]
    if kind.isupper():
        return (1 << bits) - 1 if largest else 0
    return (1 << (bits - 1)) - 1 if largest else -(1 << (bits - 1))


def _extreme_place(*, largest: bool) -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        axis = axis_in(attributes.get("axis", 0), len(value.shape))
        outer, length, inner = split_at(value.shape, axis)
        last = attributes.get("select_last_index", 0)
        made = []
        for block in range(outer):
            for place in range(inner):
                start = block * length * inner + place
                group = list(value.cells[start : start + length * inner : inner] if inner > 1 else
                             value.cells[start : start + length])  # fmt: skip
                best = max(group) if largest else min(group)
                made.append(length - 1 - group[::-1].index(best) if last else group.index(best))
        keeps = attributes.get("keepdims", 1)
        shape = (*value.shape[:axis], *((1,) if keeps else ()), *value.shape[axis + 1 :])
        return [make(made, shape, "q")]

    return step


def _top(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    count = int(inputs[1].cells[0]) if len(inputs) > 1 else attributes["k"]
    axis = axis_in(attributes.get("axis", -1), len(value.shape))
    outer, length, inner = split_at(value.shape, axis)
    largest = attributes.get("largest", 1)
    if not 0 <= count <= length:
        raise ValueError(f"the first {count} of {length}")
    values = make([0] * (outer * count * inner), (), value.kind).cells
    places = make([0] * (outer * count * inner), (), "q").cells
    for block in range(outer):
        for place in range(inner):
            start = block * length * inner + place
            group = [value.cells[start + step * inner] for step in range(length)]
            # Python's sort is stable: among equal cells, the first comes first.
            order = sorted(range(length), key=group.__getitem__, reverse=bool(largest))
            if largest:
                order.sort(key=lambda at: -group[at])
            for rank, at in enumerate(order[:count]):
                values[(block * count + rank) * inner + place] = group[at]
                places[(block * count + rank) * inner + place] = at
    shape = (*value.shape[:axis], count, *value.shape[axis + 1 :])
    return [Array(values, shape, value.kind), Array(places, shape, "q")]


def _running_sum(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    axis = axis_in(int(inputs[1].cells[0]), len(value.shape))
    outer, length, inner = split_at(value.shape, axis)
    made = make(value.cells, value.shape, value.kind)
    order = list(range(length))
    if attributes.get("reverse", 0):
        order.reverse()
    exclusive = attributes.get("exclusive", 0)
    for block in range(outer):
        for place in range(inner):
            running: float = 0
            for step in order:
                at = (block * length + step) * inner + place
                following = running + value.cells[at]
                made.cells[at] = running if exclusive else following
                running = following
    return [made]


FUNCTIONS: "dict[str, StepFunction]" = {
    **{name: _reduce(name) for name in REDUCTIONS},
    "ArgMax": _extreme_place(largest=True),
    "ArgMin": _extreme_place(largest=False),
    "CumSum": _running_sum,
    "TopK": _top,
}

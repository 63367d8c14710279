"""Convolutions and pooling over one, two or three axes, as products of the cells under each window."""

import math

from .arrays import FLOATS, Array, make, size_of, strides_of
from .products import dense, multiply, pack
from .reducing import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Attributes, Inputs, StepFunction


def _axis_places(length: int, kernel: int, stride: int, before: int, dilation: int, count: int) -> "list[list[int]]":
    """Return for each window the place of each cell along one axis, -1 in the padding."""
    found = []
    for window in range(count):
        start = window * stride - before
        places = [start + step * dilation for step in range(kernel)]
        found.append([place if 0 <= place < length else -1 for place in places])
    return found


class Windows:
    """The windows over the axes after the first two: their number along each axis, and the cells under each."""

    def __init__(self, shape: "Sequence[int]", kernel: "Sequence[int]", attributes: "Attributes") -> None:
        rank = len(shape)
        strides = attributes.get("strides") or [1] * rank
        dilations = attributes.get("dilations") or [1] * rank
        pads = list(attributes.get("pads") or [0] * (2 * rank))
        self.counts: list[int] = []
        self.axes: list[list[list[int]]] = []
        self.inside: list[list[int]] = []
        mode = attributes.get("auto_pad", "NOTSET")
        for axis in range(rank):
            length, stride, dilation = shape[axis], strides[axis], dilations[axis]
            reach = (kernel[axis] - 1) * dilation + 1
            before, after = pads[axis], pads[rank + axis]
            if mode.startswith("SAME"):
                count = -(-length // stride)
                needed = max(0, (count - 1) * stride + reach - length)
                before = needed // 2 if mode == "SAME_UPPER" else needed - needed // 2
                after = needed - before
            else:
                if mode == "VALID":
                    before = after = 0
                free = length + before + after - reach
                count = free // stride + 1
                if attributes.get("ceil_mode", 0) and free % stride and count * stride < length + before:
                    count += 1
            if count < 1:
                raise ValueError(f"a window of {reach} over {length} cells")
            size_of((count, kernel[axis]))  # a damaged file may have any size
            self.counts.append(count)
            self.axes.append(_axis_places(length, kernel[axis], stride, before, dilation, count))
            # Cells that count if padding does: those up to the end of the padding.
            self.inside.append(
                [
                    sum(
                        1 for step in range(kernel[axis]) if window * stride + step * dilation < length + before + after
                    )
                    for window in range(count)
                ]
            )
        self.shape = shape
        self.found = self.places()

    def places(self) -> "list[list[int]]":
        """Return for each window the flat places of its cells, -1 in the padding."""
        found: list[list[int]] = [[0]]
        for lines, stride in zip(self.axes, strides_of(self.shape)):
            found = [
                [-1 if place < 0 or step < 0 else place + step * stride for place in places for step in line]
                for places in found
                for line in lines
            ]
        return found

    def sizes(self) -> "list[int]":
        """Return the number of cells of each window, with the padding."""
        found = [1]
        for line in self.inside:
            found = [size * length for size in found for length in line]
        return found


def _windows(attributes: "Attributes", shape: "Sequence[int]", kernel: "Sequence[int]") -> Windows:
    """Return the windows for a shape, kept in the attributes of the step between calls."""
    kept: Windows | None = attributes.get("windows")
    if kept is None or list(kept.shape) != list(shape):
        kept = attributes["windows"] = Windows(list(shape), list(kernel), attributes)
    return kept


def _conv(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, weights = inputs[0], inputs[1]
    bias = inputs[2] if len(inputs) > 2 else None
    groups = attributes.get("group", 1)
    count, channels = value.shape[:2]
    made = weights.shape[0]
    kernel = list(weights.shape[2:])
    windows = _windows(attributes, value.shape[2:], kernel)
    places = windows.found
    inner, own = size_of(value.shape[2:]), channels // groups
    depth, width = own * size_of(kernel), made // groups
    cells = make([0.0] * (count * made * len(places)), (), value.kind).cells
    packed = attributes.get("packed")
    if packed is None and value.kind == "f" and depth and width:
        packed = []
        for group in range(groups):
            lines = weights.cells[group * width * depth : (group + 1) * width * depth]
            turned = [lines[line * depth + row] for row in range(depth) for line in range(width)]
            packed.append(pack(make(turned, (), "f").cells, depth, width))
        if attributes.get("constant", 0):
            attributes["packed"] = packed
    for item in range(count):
        for group in range(groups):
            first = (item * channels + group * own) * inner
            parts = [
                list(value.cells[first + channel * inner : first + (channel + 1) * inner]) for channel in range(own)
            ]
            for part in parts:
                part.append(0.0)  # the padding has the place -1
            rows = [part[place] for window in places for part in parts for place in window]
            starts = None if bias is None else bias.cells[group * width : (group + 1) * width]
            if packed is not None:
                found = dense(make(rows, (), "f").cells, packed[group], starts, len(places), depth, width)
            else:
                lines = weights.cells[group * width * depth : (group + 1) * width * depth]
                turned = [lines[line * depth + row] for row in range(depth) for line in range(width)]
                found = multiply(rows, turned, len(places), depth, width, value.kind)
                if starts is not None:
                    found = [cell + starts[place % width] for place, cell in enumerate(found)]
            begin = (item * made + group * width) * len(places)
            for line in range(width):
                start = begin + line * len(places)
                cells[start : start + len(places)] = make(found[line::width], (), value.kind).cells
    return [Array(cells, (count, made, *windows.counts), value.kind)]


def _pool(
    function: "Callable[[Sequence[float], int], float]",
) -> "StepFunction":
    """Return the step of a function of the cells under a window and the number of cells with padding."""

    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        windows = _windows(attributes, value.shape[2:], attributes["kernel_shape"])
        inner = size_of(value.shape[2:])
        sizes = windows.sizes()
        counted = attributes.get("count_include_pad", 0)
        places = [[place for place in window if place >= 0] for window in windows.found]
        made = []
        for start in range(0, len(value.cells), inner):
            part = value.cells[start : start + inner]
            for window, size in zip(places, sizes):
                made.append(function([part[place] for place in window], size if counted else len(window)))
        return [make(made, (*value.shape[:2], *windows.counts), value.kind)]

    return step


def _lp_pool(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    order = attributes.get("p", 2)
    return _pool(lambda cells, size: total([abs(cell) ** order for cell in cells]) ** (1.0 / order))(inputs, attributes)


def _max_pool(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    least: float = -math.inf if value.kind in FLOATS else 0
    made = _pool(lambda cells, size: max(cells) if cells else least)(inputs, attributes)
    if attributes.get("outputs", 1) > 1:
        windows = _windows(attributes, value.shape[2:], attributes["kernel_shape"])
        inner, shape = size_of(value.shape[2:]), value.shape[2:]
        strides = strides_of(shape)
        by_column = [math.prod(shape[:axis]) for axis in range(len(shape))]
        found = []
        for start in range(0, len(value.cells), inner):
            for window in windows.found:
                inside = [place for place in window if place >= 0]
                best = max(inside, key=lambda place: value.cells[start + place])
                if attributes.get("storage_order", 0):
                    best = sum(
                        best // stride % length * step for stride, length, step in zip(strides, shape, by_column)
                    )
                found.append(start + best)
        made.append(make(found, made[0].shape, "q"))
    return made


def _global(function: "Callable[[Sequence[float]], float]") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        inner = size_of(value.shape[2:])
        made = [function(value.cells[start : start + inner]) for start in range(0, len(value.cells), inner)]
        return [make(made, (*value.shape[:2], *[1] * (len(value.shape) - 2)), value.kind)]

    return step


def _global_lp(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    order = attributes.get("p", 2)
    return _global(lambda cells: total([abs(cell) ** order for cell in cells]) ** (1.0 / order))(inputs, attributes)


FUNCTIONS: "dict[str, StepFunction]" = {
    "AveragePool": _pool(lambda cells, size: total(cells) / size if size else math.nan),
    "Conv": _conv,
    "GlobalAveragePool": _global(lambda cells: total(cells) / len(cells)),
    "GlobalLpPool": _global_lp,
    "GlobalMaxPool": _global(max),
    "LpPool": _lp_pool,
    "MaxPool": _max_pool,
}

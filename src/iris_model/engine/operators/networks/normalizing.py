"""Softmax and normalizations: sums in float64, one rounding at the end."""

import math

from .activations import LARGEST_FLOAT32
from .arrays import Array, axis_in, make, size_of, split_at
from .reducing import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Attributes, Inputs, StepFunction

    Map = Callable[[Sequence[float]], Sequence[float]]


def _along(value: Array, axis: int, function: "Map") -> Array:
    """Apply a function to the cells along an axis."""
    outer, length, inner = split_at(value.shape, axis)
    if inner == 1:
        made: list[float] = []
        for start in range(0, outer * length, length):
            made += function(value.cells[start : start + length])
        return make(made, value.shape, value.kind)
    result = make(value.cells, value.shape, value.kind)
    for block in range(outer):
        for place in range(inner):
            start = block * length * inner + place
            found = function([value.cells[start + step * inner] for step in range(length)])
            for step, cell in enumerate(found):
                result.cells[start + step * inner] = cell
    return result


def softmax(cells: "Sequence[float]") -> "list[float]":
    """Return exp(x - max) divided by their sum."""
    largest = max(cells)
    powers = [math.exp(cell - largest) for cell in cells] if largest < math.inf else [math.nan] * len(cells)
    whole = total(powers)
    return [power / whole for power in powers]


def _log_softmax(cells: "Sequence[float]") -> "list[float]":
    largest = max(cells)
    if not largest < math.inf:
        return [math.nan] * len(cells)
    whole = math.log(total([math.exp(cell - largest) for cell in cells]))
    return [cell - largest - whole for cell in cells]


def _hardmax(cells: "Sequence[float]") -> "list[float]":
    place = list(cells).index(max(cells))
    return [1.0 if at == place else 0.0 for at in range(len(cells))]


def _of_axis(function: "Map") -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        value = inputs[0]
        # Before opset 13, all axes from `axis` on were one.
        flat = attributes.get("flat", 0)
        axis = axis_in(attributes.get("axis", 1 if flat else -1), len(value.shape))
        if flat:
            rows = value.reshaped((size_of(value.shape[:axis]), size_of(value.shape[axis:])))
            return [_along(rows, 1, function).reshaped(value.shape)]
        return [_along(value, axis, function)]

    return step


def _lp(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    order = attributes.get("p", 2)

    def scaled(cells: "Sequence[float]") -> "list[float]":
        norm = total([abs(cell) for cell in cells]) if order == 1 else math.sqrt(total([cell * cell for cell in cells]))
        return [cell / norm if norm else 0.0 for cell in cells]

    return [_along(value, axis_in(attributes.get("axis", -1), len(value.shape)), scaled)]


def _batch(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, scale, bias, mean, variance = inputs
    epsilon = attributes.get("epsilon", 9.999999747378752e-06)
    count = value.shape[1] if len(value.shape) > 1 else 1
    inner = size_of(value.shape[2:])
    factors = [by / math.sqrt(spread + epsilon) for by, spread in zip(scale.cells, variance.cells)]
    cells: list[float] = []
    for start in range(0, len(value.cells), inner) if inner else ():
        channel = start // inner % count
        factor, center, shift = factors[channel], mean.cells[channel], bias.cells[channel]
        cells += [(cell - center) * factor + shift for cell in value.cells[start : start + inner]]
    return [make(cells, value.shape, value.kind)]


def _standardize(cells: "Sequence[float]", epsilon: float) -> "tuple[list[float], float, float]":
    count = len(cells) or 1
    mean = total(cells) / count
    centered = [cell - mean for cell in cells]
    squares = total([cell * cell for cell in centered]) / count
    # Beyond float32, onnxruntime divides by infinity.
    inverse = (
        1.0 / math.sqrt(squares + epsilon) if squares <= LARGEST_FLOAT32 else 0.0 if squares == squares else math.nan
    )
    return [cell * inverse for cell in centered], mean, inverse


def _layer(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, scale = inputs[0], inputs[1].cells
    bias = inputs[2].cells if len(inputs) > 2 and inputs[2] is not None else None
    axis = axis_in(attributes.get("axis", -1), len(value.shape))
    epsilon = attributes.get("epsilon", 9.999999747378752e-06)
    width = size_of(value.shape[axis:])
    cells: list[float] = []
    means, inverses = [], []
    for start in range(0, len(value.cells), width):
        found, mean, inverse = _standardize(value.cells[start : start + width], epsilon)
        means.append(mean)
        inverses.append(inverse)
        scaled = [cell * by for cell, by in zip(found, scale)]
        cells += scaled if bias is None else [cell + shift for cell, shift in zip(scaled, bias)]
    shape = (*value.shape[:axis], *([1] * (len(value.shape) - axis)))
    return [make(cells, value.shape, value.kind), make(means, shape, "f"), make(inverses, shape, "f")]


def _root_mean_square(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, scale = inputs[0], inputs[1].cells
    axis = axis_in(attributes.get("axis", -1), len(value.shape))
    epsilon = attributes.get("epsilon", 9.999999747378752e-06)
    width = size_of(value.shape[axis:])
    cells: list[float] = []
    for start in range(0, len(value.cells), width):
        part = value.cells[start : start + width]
        inverse = 1.0 / math.sqrt(total([cell * cell for cell in part]) / width + epsilon)
        cells += [cell * inverse * by for cell, by in zip(part, scale)]
    return [make(cells, value.shape, value.kind)]


def _instance(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return _group(inputs, {"num_groups": inputs[0].shape[1], **attributes})


def _group(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, scale, bias = inputs
    epsilon = attributes.get("epsilon", 9.999999747378752e-06)
    channels, inner = value.shape[1], size_of(value.shape[2:])
    groups = attributes["num_groups"]
    each = channels // groups
    cells: list[float] = []
    for start in range(0, len(value.cells), each * inner):
        found, _, _ = _standardize(value.cells[start : start + each * inner], epsilon)
        first = start // (each * inner) % groups * each
        per_group = len(scale.cells) == groups != channels
        for place, cell in enumerate(found):
            channel = first // each if per_group else first + place // inner
            cells.append(cell * scale.cells[channel] + bias.cells[channel])
    return [make(cells, value.shape, value.kind)]


def _mean_variance(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    from .arrays import expand
    from .reducing import FUNCTIONS as REDUCE

    value = inputs[0]
    axes = {"axes": attributes.get("axes") or [0, 2, 3]}
    mean = expand(REDUCE["ReduceMean"]([value], axes)[0], value.shape)
    centered = make([cell - by for cell, by in zip(value.cells, mean)], value.shape, "d")
    spread = expand(
        REDUCE["ReduceMean"]([make([c * c for c in centered.cells], value.shape, "d")], axes)[0], value.shape
    )
    cells = [cell / (math.sqrt(by) + 1e-9) for cell, by in zip(centered.cells, spread)]
    return [make(cells, value.shape, value.kind)]


FUNCTIONS: "dict[str, StepFunction]" = {
    "BatchNormalization": _batch,
    "GroupNormalization": _group,
    "Hardmax": _of_axis(_hardmax),
    "InstanceNormalization": _instance,
    "LayerNormalization": _layer,
    "LogSoftmax": _of_axis(_log_softmax),
    "LpNormalization": _lp,
    "MeanVarianceNormalization": _mean_variance,
    "RMSNormalization": _root_mean_square,
    "Softmax": _of_axis(softmax),
}

"""Matrix products: each sum is added up in float64 or better, and rounded once to its type.

onnxruntime adds in float32, in an order that depends on the processor. This sum is nearer to the exact one.
"""

from _operator import mul
from math import fsum

from iris_model.engine.errors import ModelFormatError

from .activations import UNARY
from .arrays import FLOATS, Array, broadcast, expand, make, size_of, transpose, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import TypeAlias

    from .arrays import Attributes, Inputs, Numbers, StepFunction

    # The packed matrix, the bias, the number of rows and of columns, and the number of the activation.
    Layer: TypeAlias = tuple[Numbers, Numbers | None, int, int, int]

# Columns of a packed matrix that lie next to each other (csrc/networks.c).
PANEL = 16
# From this many products the kernel is loaded, even for a first row: Python would need longer than that.
MANY_PRODUCTS = 16_384
# Activations that the kernel knows, by their number there.
ACTIVATIONS = (None, "Relu", "Sigmoid", "Tanh", "Softmax")
# The module of the kernels, once it is needed.
_native: "list[ModuleType]" = []


def product_sum(one: "Sequence[float]", other: "Sequence[float]") -> float:
    """Return the sum of the products, rounded once; infinite or NaN if the terms are."""
    try:
        return fsum(map(mul, one, other))
    except (OverflowError, ValueError):
        return float(sum(map(mul, one, other)))


def multiply(one: "Numbers", other: "Numbers", height: int, depth: int, width: int, kind: str) -> "list[float]":
    """Return the product of two flat matrices, height x depth and depth x width, as one flat list."""
    columns = [list(other[column::width]) for column in range(width)] if depth else [[] for _ in range(width)]
    rows = [one[start * depth : (start + 1) * depth] for start in range(height)]
    if kind in FLOATS:
        return [product_sum(row, column) for row in rows for column in columns]
    return [wrap(sum(map(mul, row, column)), kind) for row in rows for column in columns]


def kernels_for(work: int) -> "ModuleType | None":
    """Return the kernels if they are loaded, or if the work is worth loading them; else None."""
    if not _native:
        from iris_model.engine import native

        _native.append(native)
    native = _native[0]
    return native.find_kernels() if work >= MANY_PRODUCTS or native._found else None


def dense(
    rows: "Numbers",
    packed: "Numbers",
    bias: "Numbers | None",
    height: int,
    depth: int,
    width: int,
    activation: "str | None" = None,
) -> "Numbers":
    """Return rows x matrix + bias, activated: height x width cells of float32.

    `packed`: the matrix in panels of PANEL columns, filled with zeros: panel by panel, row by row.
    """
    return run_layers(rows, height, ((packed, bias, depth, width, ACTIVATIONS.index(activation)),))


def run_layers(rows: "Numbers", height: int, layers: "tuple[Layer, ...]") -> "Numbers":
    """Return the cells of the last of several layers, each as (packed matrix, bias or None, depth, width, activation)."""
    kernels = kernels_for(height * sum([depth * width for _, _, depth, width, _ in layers]))
    if kernels is not None:
        made = kernels.dense(rows, height, layers)
        if made is not None:
            return memoryview(made).cast("f")
    cells = rows
    for layer in layers:
        cells = _in_python(cells, height, *layer)
    return cells


def _in_python(
    rows: "Numbers", height: int, packed: "Numbers", bias: "Numbers | None", depth: int, width: int, activation: int
) -> "Numbers":
    columns = []
    for column in range(width):
        first = column // PANEL * PANEL * depth + column % PANEL
        columns.append(list(packed[first : first + depth * PANEL : PANEL]))
    starts = list(bias) if bias is not None else [0.0] * width
    found = []
    for place in range(height):
        row = list(rows[place * depth : (place + 1) * depth])
        found += [product_sum(row, column) + start for column, start in zip(columns, starts)]
    cells = make(found, (), "f").cells
    name = ACTIVATIONS[activation]
    if name == "Softmax":
        from .normalizing import softmax

        parts = [softmax(cells[start : start + width]) for start in range(0, len(cells), width)]
        return make([cell for part in parts for cell in part], (), "f").cells
    return cells if name is None else make(map(UNARY[name], cells), (), "f").cells


def pack(matrix: "Numbers", depth: int, width: int) -> "Numbers":
    """Return a flat matrix, depth x width, as `dense` takes it."""
    panels = -(-width // PANEL)
    packed = make([0.0] * (panels * PANEL * depth), (), "f").cells
    for panel in range(panels):
        first = panel * PANEL
        count = min(PANEL, width - first)
        for row in range(depth):
            place = (panel * depth + row) * PANEL
            packed[place : place + count] = make(
                matrix[row * width + first : row * width + first + count], (), "f"
            ).cells
    return packed


def _dense(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, packed = inputs[0], inputs[1]
    bias = inputs[2].cells if len(inputs) > 2 else None
    depth, width = attributes["depth"], attributes["width"]
    layer = (packed.cells, bias, depth, width, 0)
    return layers([value], {"layers": (layer,)})


def layers(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    """Return the result of several dense layers, one after the other (running.py joins them)."""
    value, joined = inputs[0], attributes["layers"]
    depth = joined[0][2]
    if value.shape[-1] != depth or value.kind != "f":
        raise ValueError(f"{value.shape} times {depth} rows")
    for packed, _, rows, columns, _ in joined:
        if len(packed) != -(-columns // PANEL) * PANEL * rows or not rows:
            raise ModelFormatError("a matrix of the graph has another size; compile the model again")
    shape = value.shape[:-1]
    height = len(value.cells) // depth
    if not height:
        return [make([], (*shape, joined[-1][3]), "f")]
    return [Array(run_layers(value.cells, height, joined), (*shape, joined[-1][3]), "f")]


def _matmul(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    one, other = inputs
    left = one.reshaped((1, *one.shape)) if len(one.shape) == 1 else one
    right = other.reshaped((*other.shape, 1)) if len(other.shape) == 1 else other
    height, depth = left.shape[-2:]
    width = right.shape[-1]
    if right.shape[-2] != depth:
        raise ValueError(f"{one.shape} times {other.shape}")
    outer = broadcast([left.shape[:-2], right.shape[:-2]])
    count = size_of(outer)
    size_of((count, height, width))
    cells: list[float] = []
    kind = one.kind
    lefts = _blocks(left, outer, height * depth)
    rights = _blocks(right, outer, depth * width)
    kernels = kernels_for(count * height * depth * width) if kind == "f" and depth else None
    for number in range(count):
        a, b = lefts[number], rights[number]
        made = None
        if kernels is not None:
            layer = (pack(b, depth, width), None, depth, width, 0)
            made = kernels.dense(a if type(a) is not list else make(a, (), "f").cells, height, (layer,))
        cells += multiply(a, b, height, depth, width, kind) if made is None else memoryview(made).cast("f")
    shape = (*outer, *((height,) if len(one.shape) > 1 else ()), *((width,) if len(other.shape) > 1 else ()))
    return [make(cells, shape, kind)]


def _blocks(value: Array, outer: "tuple[int, ...]", size: int) -> "list[Numbers]":
    """Return the cells of each matrix of a stack, broadcast to the common outer shape."""
    own = size_of(value.shape[:-2])
    numbers = expand(make(range(own), value.shape[:-2], "q"), outer)
    return [value.cells[number * size : (number + 1) * size] for number in map(int, numbers)]


def _gemm(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    one, other = inputs[:2]
    if attributes.get("transA", 0):
        one = transpose(one, (1, 0))
    if attributes.get("transB", 0):
        other = transpose(other, (1, 0))
    height, depth = one.shape
    width = other.shape[1]
    if other.shape[0] != depth:
        raise ValueError(f"{one.shape} times {other.shape}")
    size_of((height, width))
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    cells = multiply(one.cells, other.cells, height, depth, width, one.kind)
    if alpha != 1.0:
        cells = [alpha * cell for cell in cells]
    if len(inputs) > 2 and inputs[2] is not None:
        added = expand(inputs[2], (height, width))
        cells = [cell + beta * start for cell, start in zip(cells, added)]
    if one.kind not in FLOATS:
        cells = [wrap(int(cell), one.kind) for cell in cells]
    return [make(cells, (height, width), one.kind)]


FUNCTIONS: "dict[str, StepFunction]" = {
    "Dense": _dense,
    "Gemm": _gemm,
    "MatMul": _matmul,
}

"""Steps that move cells and do not compute with them."""

from .arrays import Array, axis_in, broadcast, expand, integers_of, make, size_of, split_at, transpose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import Attributes, Inputs

END = 1 << 62


def _identity(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return [inputs[0]]


def _dropout(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    return [value, make([1] * len(value.cells), value.shape, "?")]


def _reshape(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    wanted = inputs[1].integers()
    if not attributes.get("allowzero", 0):
        wanted = [length or value.shape[axis] for axis, length in enumerate(wanted)]
    if -1 in wanted:
        rest = 1
        for length in wanted:
            rest *= length if length != -1 else 1
        wanted[wanted.index(-1)] = len(value.cells) // rest if rest else 0
    return [value.reshaped(tuple(wanted))]


def _flatten(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    axis = attributes.get("axis", 1)
    axis = axis if axis >= 0 else axis + len(value.shape)
    outer = size_of(value.shape[:axis])
    return [value.reshaped((outer, size_of(value.shape[axis:])))]


def _squeeze(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    axes = integers_of(inputs, 1, attributes, "axes")
    if axes is None:
        return [value.reshaped(tuple([length for length in value.shape if length != 1]))]
    gone = {axis_in(axis, len(value.shape)) for axis in axes}
    return [value.reshaped(tuple([length for axis, length in enumerate(value.shape) if axis not in gone]))]


def _unsqueeze(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    axes = integers_of(inputs, 1, attributes, "axes") or []
    rank = len(value.shape) + len(axes)
    new = {axis_in(axis, rank) for axis in axes}
    lengths = iter(value.shape)
    return [value.reshaped(tuple([1 if axis in new else next(lengths, 1) for axis in range(rank)]))]


def _transpose(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    return [transpose(value, attributes.get("perm") or range(len(value.shape))[::-1])]


def _concat(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    axis = axis_in(attributes["axis"], len(inputs[0].shape))
    parts = [(value.cells, size_of(value.shape[axis:])) for value in inputs]
    outer = size_of(inputs[0].shape[:axis])
    size_of((outer, sum([width for _, width in parts])))
    cells: list[float] = []
    for place in range(outer):
        for part, width in parts:
            cells += part[place * width : (place + 1) * width]
    length = sum([value.shape[axis] for value in inputs])
    shape = (*inputs[0].shape[:axis], length, *inputs[0].shape[axis + 1 :])
    return [make(cells, shape, inputs[0].kind)]


def _split(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    axis = axis_in(attributes.get("axis", 0), len(value.shape))
    length = value.shape[axis]
    lengths = integers_of(inputs, 1, attributes, "split")
    if lengths is None:
        count = attributes.get("num_outputs") or attributes["outputs"]
        each = -(-length // count)
        lengths = [each] * (count - 1)
        lengths.append(length - sum(lengths))
    made, start = [], 0
    for part in lengths:
        made.append(_cut(value, axis, start, part))
        start += part
    return made


def _cut(value: Array, axis: int, start: int, length: int) -> Array:
    outer, whole, inner = split_at(value.shape, axis)
    if start < 0 or start + length > whole:
        raise ValueError(f"{start} to {start + length} of {whole}")
    cells: list[float] = []
    for place in range(outer):
        begin = (place * whole + start) * inner
        cells += value.cells[begin : begin + length * inner]
    return make(cells, (*value.shape[:axis], length, *value.shape[axis + 1 :]), value.kind)


def _expand(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    shape = broadcast([value.shape, tuple(inputs[1].integers())])
    return [make(expand(value, shape), shape, value.kind)]


def _tile(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, repeats = inputs[0], inputs[1].integers()
    made = value
    for axis, count in enumerate(repeats):
        if count != 1:
            size_of((count, *made.shape))
            made = _concat([made] * count, {"axis": axis})[0] if count else _cut(made, axis, 0, 0)
    return [made]


def _shape(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    lengths = inputs[0].shape[attributes.get("start", 0) : attributes.get("end", END)]
    return [make(lengths, (len(lengths),), "q")]


def _size(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return [make([len(inputs[0].cells)], (), "q")]


def _constant_of_shape(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    shape = tuple(inputs[0].integers())
    value = attributes.get("value")
    count = size_of(shape)
    return [make([0.0] * count, shape, "f") if value is None else make([value.cells[0]] * count, shape, value.kind)]


def _range(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    start, limit, step = [value.cells[0] for value in inputs]
    count = max(0, -int((start - limit) // step))
    size_of((count,))
    return [make([start + place * step for place in range(count)], (count,), inputs[0].kind)]


def _depth_to_space(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, block = inputs[0], attributes["blocksize"]
    count, depth, height, width = value.shape
    inner = depth // (block * block)
    if attributes.get("mode", "DCR") == "DCR":
        parts, order = (count, block, block, inner, height, width), (0, 3, 4, 1, 5, 2)
    else:
        parts, order = (count, inner, block, block, height, width), (0, 1, 4, 2, 5, 3)
    return [transpose(value.reshaped(parts), order).reshaped((count, inner, height * block, width * block))]


def _space_to_depth(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, block = inputs[0], attributes["blocksize"]
    count, depth, height, width = value.shape
    parts = (count, depth, height // block, block, width // block, block)
    made = transpose(value.reshaped(parts), (0, 3, 5, 1, 2, 4))
    return [made.reshaped((count, depth * block * block, height // block, width // block))]


def _constant(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    return [attributes["value"]]


FUNCTIONS: "dict[str, Callable[[Inputs, Attributes], Sequence[Array]]]" = {
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "DepthToSpace": _depth_to_space,
    "Dropout": _dropout,
    "Expand": _expand,
    "Flatten": _flatten,
    "Identity": _identity,
    "Range": _range,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": _size,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

"""Steps that choose cells by their place: slices, tables that are looked up, borders."""

from iris_model.engine.errors import ModelFormatError

from .arrays import (
    FLOATS,
    KINDS,
    Array,
    axis_in,
    integers_of,
    make,
    positions,
    refuse,
    size_of,
    split_at,
    strides_of,
    transpose,
    view,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .arrays import Attributes, Inputs, StepFunction

END = 1 << 62


def _slice(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    starts, ends = integers_of(inputs, 1, attributes, "starts"), integers_of(inputs, 2, attributes, "ends")
    if starts is None or ends is None:
        raise ModelFormatError("a slice of the graph has no bounds; compile the model again")
    axes = integers_of(inputs, 3, attributes, "axes") or list(range(len(starts)))
    steps = inputs[4].integers() if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    strides, shape, first = strides_of(value.shape), list(value.shape), 0
    for start, end, axis, step in zip(starts, ends, axes, steps):
        axis = axis_in(axis, len(shape))
        taken = range(value.shape[axis])[_bound(start) : _bound(end, step) : step]
        first += (taken.start if len(taken) else 0) * strides[axis]
        shape[axis] = len(taken)
        strides[axis] *= step
    if size_of(shape) == 0:
        return [make([], tuple(shape), value.kind)]
    return [view(value, shape, strides, first)]


def _bound(place: int, step: int = 1) -> "int | None":
    """Return an end of a slice as Python takes it: exporters write the largest or the least integer for "all"."""
    if place > END:
        return None if step > 0 else END
    if place < -END // 2:
        return None if step < 0 else -END
    return place if place > -(1 << 31) + 1 or step > 0 else None


def _gather(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, indices = inputs
    axis = axis_in(attributes.get("axis", 0), len(value.shape))
    outer, length, inner = split_at(value.shape, axis)
    places = indices.integers()
    for place in places:
        if not -length <= place < length:
            raise refuse(f"the index {place} is not in a table of {length} entries", f"an index from 0 to {length - 1}")
    cells, kept = value.cells, value.kind
    taken: list[float] = []
    for start in range(0, outer * length * inner, length * inner):
        for place in places:
            begin = start + place % length * inner
            taken += cells[begin : begin + inner]
    return [make(taken, (*value.shape[:axis], *indices.shape, *value.shape[axis + 1 :]), kept)]


def _gather_elements(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, indices = inputs
    axis = axis_in(attributes.get("axis", 0), len(value.shape))
    strides = strides_of(value.shape)
    length, step = value.shape[axis], strides[axis]
    strides[axis] = 0
    bases = positions(indices.shape, strides)
    cells = [value.cells[base + _inside(place, length) * step] for base, place in zip(bases, indices.integers())]
    return [make(cells, indices.shape, value.kind)]


def _inside(place: int, length: int) -> int:
    if not -length <= place < length:
        raise refuse(f"the index {place} is not in a table of {length} entries", f"an index from 0 to {length - 1}")
    return place % length


def _gather_nd(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, indices = inputs
    batch = attributes.get("batch_dims", 0)
    depth = indices.shape[-1]
    strides = strides_of(value.shape)
    inner = size_of(value.shape[batch + depth :])
    outer = size_of(value.shape[:batch])
    places = indices.integers()
    per_batch = len(places) // depth // outer
    cells: list[float] = []
    for number in range(len(places) // depth):
        begin = number // per_batch * size_of(value.shape[batch:])
        for axis in range(depth):
            begin += _inside(places[number * depth + axis], value.shape[batch + axis]) * strides[batch + axis]
        cells += value.cells[begin : begin + inner]
    return [make(cells, (*indices.shape[:-1], *value.shape[batch + depth :]), value.kind)]


def _one_hot(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    indices, depth, (off, on) = inputs[0], int(inputs[1].cells[0]), inputs[2].cells
    axis = attributes.get("axis", -1)
    rank = len(indices.shape) + 1
    cells: list[float] = []
    size_of((*indices.shape, depth))
    for place in indices.integers():
        row = [off] * depth
        if -depth <= place < depth:
            row[place] = on
        cells += row
    made = make(cells, (*indices.shape, depth), inputs[2].kind)
    axis = axis_in(axis, rank)
    order = list(range(rank - 1))
    order.insert(axis, rank - 1)
    return [transpose(made, order)]


def _pad(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    amounts = integers_of(inputs, 1, attributes, "pads") or []
    fill: float = inputs[2].cells[0] if len(inputs) > 2 and inputs[2] is not None else attributes.get("value", 0)
    rank = len(value.shape)
    axes = [axis_in(axis, rank) for axis in inputs[3].integers()] if len(inputs) > 3 else list(range(rank))
    mode = attributes.get("mode", "constant")
    made = value
    for place, axis in enumerate(axes):
        before, after = amounts[place], amounts[place + len(axes)]
        if before or after:
            made = _pad_axis(made, axis, before, after, mode, fill)
    return [made]


def _pad_axis(value: Array, axis: int, before: int, after: int, mode: str, fill: float) -> Array:
    outer, length, inner = split_at(value.shape, axis)
    size_of((outer, max(before + length + after, 0), inner))
    places: list[int] = []
    for place in range(-before, length + after):
        if 0 <= place < length or mode == "constant":
            places.append(place)
        elif mode == "edge":
            places.append(0 if place < 0 else length - 1)
        elif mode == "wrap":
            places.append(place % length)
        else:
            period = 2 * (length - 1) or 1
            place = abs(place) % period
            places.append(place if place < length else period - place)
    cells: list[float] = []
    for start in range(0, outer * length * inner, length * inner):
        for place in places:
            if 0 <= place < length:
                cells += value.cells[start + place * inner : start + (place + 1) * inner]
            else:
                cells += [fill] * inner
    return make(cells, (*value.shape[:axis], len(places), *value.shape[axis + 1 :]), value.kind)


def _non_zero(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    found = [place for place, cell in enumerate(value.cells) if cell]
    cells: list[int] = []
    for stride, length in zip(strides_of(value.shape), value.shape):
        cells += [place // stride % length for place in found]
    return [make(cells, (len(value.shape), len(found)), "q")]


def _eye_like(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    height, width = value.shape
    kind = KINDS[attributes["dtype"]] if "dtype" in attributes else value.kind
    by = attributes.get("k", 0)
    cells = [1 if column - row == by else 0 for row in range(height) for column in range(width)]
    return [make(cells, value.shape, kind)]


def _triangle(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    by = int(inputs[1].cells[0]) if len(inputs) > 1 and inputs[1] is not None else 0
    height, width = value.shape[-2:]
    upper = attributes.get("upper", 1)
    zero: float = 0.0 if value.kind in FLOATS else 0
    cells = []
    for place, cell in enumerate(value.cells):
        off = place % width - place // width % (height or 1)
        cells.append(cell if (off >= by if upper else off <= by) else zero)
    return [make(cells, value.shape, value.kind)]


def _reverse_sequence(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, lengths = inputs[0], inputs[1].integers()
    along, batch = attributes.get("time_axis", 0), attributes.get("batch_axis", 1)
    strides = strides_of(value.shape)
    cells = []
    for place in range(len(value.cells)):
        time = place // strides[along] % value.shape[along]
        length = lengths[place // strides[batch] % value.shape[batch]]
        cells.append(value.cells[place + (length - 1 - 2 * time) * strides[along] if time < length else place])
    return [make(cells, value.shape, value.kind)]


FUNCTIONS: "dict[str, StepFunction]" = {
    "EyeLike": _eye_like,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "NonZero": _non_zero,
    "OneHot": _one_hot,
    "Pad": _pad,
    "ReverseSequence": _reverse_sequence,
    "Slice": _slice,
    "Trilu": _triangle,
}

"""Arrays of ONNX graphs: flat cells, a shape, and the type of the cells.

Cells of numbers are an `array.array` or a memory view, so float32 values are rounded when they are stored, and C kernels
read them without a copy. Strings are a list. Their type is that of an array of numbers, which most steps need: they only
take cells, parts and the length, and each of the three has these.
"""

from array import array

from iris_model.engine.errors import InvalidInput, ModelFormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    Shape: TypeAlias = tuple[int, ...]
    Inputs: TypeAlias = list["Array"]
    # As in the file: numbers, texts, lists of them, and `Array`s for its constants.
    Attributes: TypeAlias = dict[str, Any]
    Numbers: TypeAlias = Sequence[float]
    # A step of a graph.
    StepFunction: TypeAlias = Callable[[Inputs, Attributes], list["Array"]]

# ONNX's number of a data type -> type of the cells, as in `array`: "?" for bool, "s" for strings.
KINDS = {1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 8: "s", 9: "?", 11: "d", 12: "I", 13: "Q"}
FLOATS = ("f", "d")
BITS = {"b": 8, "B": 8, "h": 16, "H": 16, "i": 32, "I": 32, "q": 64, "Q": 64}
# A damaged file must not make one value that fills the memory.
MOST_CELLS = 1 << 27


class Array:
    """`cells`: flat, in row-major order. `kind`: "f" float32, "d" float64, "q" int64, ..., "?" bool, "s" strings."""

    __slots__ = ("cells", "kind", "shape")

    def __init__(self, cells: "Sequence[float | str]", shape: "Shape", kind: str) -> None:
        self.cells: array[float] = cells  # type: ignore[assignment]
        self.shape = shape
        self.kind = kind

    def reshaped(self, shape: "Shape") -> "Array":
        """Return the same cells with another shape. Raises ValueError if their number differs."""
        if size_of(shape) != len(self.cells):
            raise ValueError(f"{len(self.cells)} cells do not have the shape {shape}")
        return Array(self.cells, shape, self.kind)

    def integers(self) -> "list[int]":
        """Return the cells of a tensor of integers, such as axes, as a list."""
        return [int(cell) for cell in self.cells]

    def texts(self) -> "list[str]":
        """Return the cells of a tensor of strings."""
        return self.cells  # type: ignore[return-value]


def make(cells: "Iterable[float | str]", shape: "Shape", kind: str) -> Array:
    """Return an array of these values, rounded to the type."""
    if kind == "s":
        return Array(list(cells), shape, kind)
    return Array(array("B" if kind == "?" else kind, cells), shape, kind)  # type: ignore[type-var]


def size_of(shape: "Sequence[int]") -> int:
    """Return the number of cells. Raises ModelFormatError beyond what one value may have."""
    count = 1
    for length in shape:
        count *= length
    if not 0 <= count <= MOST_CELLS:
        raise ModelFormatError(f"a value of the graph would have {count} cells; compile the model again")
    return count


def strides_of(shape: "Sequence[int]") -> "list[int]":
    """Return the distance of two neighbors along each axis."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return strides[::-1]


def positions(shape: "Sequence[int]", strides: "Sequence[int]", start: int = 0) -> "list[int]":
    """Return the flat position of each cell of a view."""
    if not size_of(shape):
        return []
    found = [start]
    for length, stride in zip(shape, strides):
        steps = range(0, length * stride, stride) if stride else [0] * length
        found = [place + step for place in found for step in steps]
    return found


def view(value: Array, shape: "Sequence[int]", strides: "Sequence[int]", start: int = 0) -> Array:
    """Return a copy of a strided view."""
    cells = value.cells
    return make([cells[place] for place in positions(shape, strides, start)], tuple(shape), value.kind)


def transpose(value: Array, order: "Sequence[int]") -> Array:
    """Return the array with its axes in another order."""
    strides = strides_of(value.shape)
    moved = [axis for axis in order if value.shape[axis] != 1]
    shape = tuple([value.shape[axis] for axis in order])
    if moved == sorted(moved):
        return Array(value.cells, shape, value.kind)
    return view(value, shape, [strides[axis] for axis in order])


def broadcast(shapes: "Sequence[Shape]") -> "Shape":
    """Return the common shape. Raises ValueError."""
    rank = max(map(len, shapes))
    made = [1] * rank
    for shape in shapes:
        for axis, length in enumerate(shape, rank - len(shape)):
            if length != 1:
                if made[axis] not in (1, length):
                    raise ValueError(f"shapes {shapes} do not fit together")
                made[axis] = length
    return tuple(made)


def expand(value: Array, shape: "Shape") -> "Numbers":
    """Return the cells, repeated to `shape`."""
    cells: Numbers = value.cells
    if value.shape == shape:
        return cells
    count = size_of(shape)
    if len(cells) == count:
        return cells
    if len(cells) == 1:
        return [cells[0]] * count
    own = (1,) * (len(shape) - len(value.shape)) + value.shape
    leading = 0
    while leading < len(own) and own[leading] == 1:
        leading += 1
    if own[leading:] == shape[leading:]:
        return list(cells) * (count // len(cells))
    inner = 1
    for axis in range(len(shape) - 1, -1, -1):
        if own[axis] != shape[axis]:
            spread: list[float] = []
            for start in range(0, len(cells), inner):
                spread += list(cells[start : start + inner]) * shape[axis]
            cells = spread
        inner *= shape[axis]
    return cells


def axis_in(axis: int, rank: int) -> int:
    """Return an axis counted from the start. Raises ValueError."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} of {rank}")
    return axis % rank if rank else 0


def split_at(shape: "Shape", axis: int) -> "tuple[int, int, int]":
    """Return the number of cells before an axis, along it, and after it."""
    outer = inner = 1
    for length in shape[:axis]:
        outer *= length
    for length in shape[axis + 1 :]:
        inner *= length
    return outer, shape[axis], inner


def refuse(problem: str, expected: str) -> InvalidInput:
    """Return the refusal of a row; the caller finds out which one."""
    return InvalidInput(problem, expected=expected)


def wrap(value: int, kind: str) -> int:
    """Return an integer modulo the size of its type."""
    bits = BITS[kind]
    value &= (1 << bits) - 1
    return value - (1 << bits) if kind.islower() and value >> (bits - 1) else value


def integers_of(inputs: "Inputs", place: int, attributes: "Attributes", name: str) -> "list[int] | None":
    """Return a parameter that was an attribute in older opsets and is an input in newer ones."""
    if len(inputs) > place and inputs[place] is not None:
        return inputs[place].integers()
    return attributes.get(name)

"""Run an ONNX graph over rows: a list of values, and a loop over its steps.

The program is data in the compiled model: steps with the numbers of their inputs and outputs, and constants that are
parts of four flat tensors, which stay mapped. Values are `Array`s. Rows are evaluated in blocks, so the memory does not
depend on their number.
"""

from array import array

from iris_model.engine.errors import InvalidInput, ModelFormatError

from . import find_step
from .arrays import Array, make, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from iris_model.engine.packed import Table

    from .arrays import Attributes, Shape, StepFunction

    # Place, type of the cells, number of columns of a row, and shape without the rows.
    Feeds: TypeAlias = Sequence[tuple[int, str, int, Shape]]
    # Place, kind, start in the tensor of this kind, and shape.
    Constants: TypeAlias = Sequence[tuple[int, str, int, Shape]]
    # Name of the step, places of its inputs and outputs, and its attributes.
    Steps: TypeAlias = Sequence[tuple[str, list[int], list[int], Attributes]]
    Prepared: TypeAlias = tuple[StepFunction, list[int], list[int], Attributes]
    Rows: TypeAlias = "Table | list[list[float]]"
    Tensor: TypeAlias = Sequence[float]

# The values of integer types are in [-limit, limit).
WHOLE = {"int64": 2**63, "int32": 2**31}
KIND_OF = {"float32": "f", "float64": "d", "int64": "q", "int32": "i", "bool": "?", "object": "s"}
# Rows evaluated at once. A wider block would only use more memory.
MOST_ROWS = 256
ARRAY = "array"
# A graph has at most 20,000 steps.
MOST_VALUES = 1 << 22


class Program:
    """The prepared steps of a graph: functions, places of their inputs and outputs, and attributes."""

    def __init__(
        self,
        steps: "Steps",
        constants: "Constants",
        tensors: "dict[str, Tensor]",
        texts: "Sequence[str]",
        results: "Sequence[int]" = (),
    ) -> None:
        known: dict[int, Array] = {}
        for place, kind, start, shape in constants:
            known[place] = _constant(kind, start, tuple(shape), tensors, texts)
        self.steps: list[Prepared] = []
        count = max(known, default=0)
        for op, inputs, outputs, attributes in steps:
            try:
                function = find_step(op)
            except KeyError:
                raise ModelFormatError(f"the graph uses the step {op!r}, which this iris-model does not have") from None
            resolved = {
                name: known[value[ARRAY]] if type(value) is dict else value for name, value in attributes.items()
            }
            self.steps.append((function, inputs, outputs, resolved))
            count = max(count, *inputs, *outputs)
            if count > MOST_VALUES or min(*inputs, *outputs, -1) < -1:
                raise ModelFormatError(
                    f"the graph has no place for a value of the step {op!r}; compile the model again"
                )
        self.plan = _join([step[0] for step in steps], self.steps, known, results)
        self.values: list[Array | None] = [None] * (count + 2)
        for place, value in known.items():
            self.values[place] = value

    def run(self, fed: "dict[int, Array]") -> "list[Array | None]":
        """Return all values. The last entry, number -1, is that of an omitted input: None."""
        values = self.values[:]
        for place, value in fed.items():
            values[place] = value
        for function, inputs, outputs, attributes in self.plan:
            # The steps that have optional inputs look whether they are None.
            made = function([values[place] for place in inputs], attributes)  # type: ignore[misc]
            if len(outputs) == 1:
                values[outputs[0]] = made[0]
            else:
                for place, value in zip(outputs, made):
                    if place >= 0:
                        values[place] = value
        return values


def _join(
    ops: "list[str]", steps: "list[Prepared]", known: "dict[int, Array]", results: "Sequence[int]"
) -> "list[Prepared]":
    """Return the steps with each chain of dense layers as one, because a call of the kernel takes as long as a layer."""
    if "Dense" not in ops:
        return steps
    from .products import ACTIVATIONS, layers

    uses: dict[int, int] = dict.fromkeys(results, 2)
    for _, inputs, _, _ in steps:
        for place in inputs:
            uses[place] = uses.get(place, 0) + 1
    joined: list[Prepared] = []
    for op, step in zip(ops, steps):
        _, inputs, outputs, attributes = step
        before = joined[-1] if joined else (None, [], [], {})
        follows = before[0] is layers and before[2] == inputs[:1] and uses[inputs[0]] == 1
        if op == "Dense":
            bias = known[inputs[2]].cells if len(inputs) > 2 else None
            layer = (known[inputs[1]].cells, bias, attributes["depth"], attributes["width"], 0)
            if follows:
                joined[-1] = (layers, before[1], outputs, {"layers": (*before[3]["layers"], layer)})
            else:
                joined.append((layers, inputs[:1], outputs, {"layers": (layer,)}))
        elif follows and op in ACTIVATIONS and (op != "Softmax" or attributes == {"axis": -1}):
            *others, last = before[3]["layers"]
            if last[4]:
                joined.append(step)
            else:
                activated = (*last[:4], ACTIVATIONS.index(op))
                joined[-1] = (layers, before[1], outputs, {"layers": (*others, activated)})
        else:
            joined.append(step)
    return joined


def _constant(kind: str, start: int, shape: "Shape", tensors: "dict[str, Tensor]", texts: "Sequence[str]") -> Array:
    count = size_of(shape)
    if kind == "s":
        return Array(texts[start : start + count], shape, kind)
    name = {"f": "floats", "d": "doubles"}.get(kind, "wholes")
    cells = tensors[name][start : start + count]
    if len(cells) != count:
        raise ModelFormatError(f"a constant of {count} cells is not in the tensor {name!r}")
    if name == "wholes" or type(cells) is list:
        return make(cells, shape, kind)
    return Array(cells, shape, kind)


def run_network(
    rows: "Rows",
    *,
    steps: "Steps",
    feeds: "Feeds",
    results: "list[int]",
    names: "list[str]",
    constants: "Constants" = (),
    texts: "Sequence[str]" = (),
    one_row: bool = False,
    floats: "Tensor" = (),
    doubles: "Tensor" = (),
    wholes: "Tensor" = (),
    memo: "dict[str, Program] | None" = None,
) -> "list[list[Array]]":
    """Return the outputs of the graph for blocks of rows: for each block, one array per entry of `results`.

    `feeds`: for each input its place, cell type, number of columns of a row, and shape without the rows. `constants`:
    place, kind, start in the tensor of its kind, and shape. `one_row`: the graph takes one row at a time.
    """
    memo = {} if memo is None else memo
    program = memo.get("program")
    if program is None:
        tensors = {"floats": floats, "doubles": doubles, "wholes": wholes}
        program = memo["program"] = Program(steps, constants, tensors, texts, results)
    size = 1 if one_row else MOST_ROWS
    blocks = []
    for start in range(0, len(rows), size):
        block = rows if len(rows) <= size else _part(rows, start, size)
        try:
            values = program.run(_feed(block, feeds, names, start))
        except InvalidInput as error:
            if error.row is not None:
                raise
            raise _find_row(program, block, feeds, names, start) from None
        found = [values[place] for place in results]
        if None in found:
            raise ModelFormatError("no step computes the output of the graph; compile the model again")
        blocks.append(found)
    return blocks  # type: ignore[return-value]


def _part(rows: "Rows", start: int, size: int) -> "Rows":
    if isinstance(rows, list):
        return rows[start : start + size]
    from iris_model.engine.packed import Table

    width = rows.width
    return Table(rows.data[start * width * 8 : (start + size) * width * 8], width)


def _feed(rows: "Rows", feeds: "Feeds", names: "list[str]", first: int) -> "dict[int, Array]":
    count = len(rows)
    fed = {}
    begin = 0
    whole = len(feeds) == 1 and feeds[0][1] in ("float32", "float64")
    if not isinstance(rows, list):
        if whole:
            place, dtype, _, shape = feeds[0]
            kind = KIND_OF[dtype]
            return {place: Array(array(kind, memoryview(rows.data).cast("d")), (count, *shape), kind)}
        rows = rows.lists()
    for place, dtype, width, shape in feeds:
        kind = KIND_OF[dtype]
        cells: list[float] = []
        if whole:
            for row in rows:
                cells += row
        else:
            for row in rows:
                cells += row[begin : begin + width]
        if dtype in WHOLE:
            checked: Sequence[float] = _as_whole(cells, WHOLE[dtype], width, names[begin:], first)
        elif dtype == "bool":
            _check_truth(cells, width, names[begin:], first)
            checked = [int(cell) for cell in cells]
        else:
            checked = cells
        begin += width
        fed[place] = make(checked, (count, *shape), kind)
    return fed


def _as_whole(cells: "list[float]", limit: int, width: int, names: "list[str]", first: int) -> "list[int]":
    made = []
    for index, value in enumerate(cells):
        if value != int(value) or not -limit <= value < limit:
            raise _wrong(index, value, width, names, first, "a whole number")
        made.append(int(value))
    return made


def _check_truth(cells: "list[float]", width: int, names: "list[str]", first: int) -> None:
    for index, value in enumerate(cells):
        if value not in (0.0, 1.0):
            raise _wrong(index, value, width, names, first, "true or false")


def _wrong(index: int, value: object, width: int, names: "list[str]", first: int, expected: str) -> InvalidInput:
    row, feature = first + index // width, names[index % width]
    return InvalidInput(
        f"row {row}, feature {feature!r}: the value is {value!r}; expected {expected}",
        row=row,
        feature=feature,
        expected=expected,
    )


def _find_row(program: Program, rows: "Rows", feeds: "Feeds", names: "list[str]", first: int) -> InvalidInput:
    """Return the refusal of the first row that the graph refuses."""
    for index, row in enumerate(rows):
        try:
            program.run(_feed([row], feeds, names, first + index))
        except InvalidInput as error:
            return InvalidInput(f"row {first + index}: {error}", row=first + index, expected=error.expected)
    return InvalidInput("the model does not take these rows together; send them one by one")


def network_output(blocks: "list[list[Array]]", *, index: int, flat: bool = False) -> "list[object]":
    """Return one output of `run_network`: a list of cells per row. `flat`: one cell per row, without a list."""
    made: list[object] = []
    for found in blocks:
        value = found[index]
        cells: Sequence[float] = value.cells
        cells = cells if isinstance(cells, list) else value.cells.tolist()
        if value.kind == "?":
            cells = [cell != 0 for cell in cells]
        if flat:
            made += cells
            continue
        width = size_of(value.shape[1:])
        made += [cells[start : start + width] for start in range(0, len(cells), width)]
    return made

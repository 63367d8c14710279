"""Recurrent layers: LSTM, GRU and RNN, step by step, with the gates of ONNX's definition."""

from .activations import CONFIGURED, UNARY
from .arrays import Array, make, transpose
from .products import dense, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable
    from typing import TypeAlias

    from .arrays import Attributes, Inputs, Numbers, StepFunction

    Activation: TypeAlias = Callable[[float], float]
    # The state and the memory after a step, which are the same in layers without a memory.
    State: TypeAlias = tuple[array[float], array[float]]
    # Takes the projected inputs of a time, the state, the memory, and the number of rows.
    Advance: TypeAlias = Callable[[Numbers, Numbers, Numbers, int], State]
    Cell: TypeAlias = Callable[["_Layer", list[Activation], Attributes, Numbers | None], Advance]


def _activations(attributes: "Attributes", defaults: "list[str]", directions: int) -> "list[Activation]":
    names = attributes.get("activations") or defaults * directions
    if isinstance(names, Array):
        names = names.cells
    alphas, betas = (_numbers(attributes.get(name)) for name in ("activation_alpha", "activation_beta"))
    found: list[Activation] = []
    for place, name in enumerate(names):
        title = {each.lower(): each for each in (*UNARY, *CONFIGURED)}.get(name.lower())
        if name.lower() == "affine":
            raise ValueError("the activation Affine")
        if title in CONFIGURED:
            parameters = {}
            if place < len(alphas):
                parameters["alpha"] = alphas[place]
            if place < len(betas):
                parameters["beta"] = betas[place]
            found.append(CONFIGURED[title](parameters))
        elif title in UNARY:
            found.append(UNARY[title])
        else:
            raise ValueError(f"the activation {name}")
    return found


def _numbers(value: "Array | list[float] | None") -> "list[float]":
    return [] if value is None else list(value.cells) if isinstance(value, Array) else list(value)


class _Layer:
    """One direction of a layer: packed weights of inputs and of states, and biases."""

    def __init__(self, inputs: "Inputs", direction: int, gates: int, hidden: int) -> None:
        weights, states = inputs[1], inputs[2]
        width = weights.shape[2]
        self.inputs = _turned(weights.cells, direction, gates * hidden, width)
        self.states = _turned(states.cells, direction, gates * hidden, hidden)
        bias = inputs[3] if len(inputs) > 3 else None
        self.of_inputs, self.of_states = None, None
        if bias is not None:
            size = gates * hidden
            start = direction * 2 * size
            self.of_inputs = make(bias.cells[start : start + size], (), "f").cells
            self.of_states = make(bias.cells[start + size : start + 2 * size], (), "f").cells
        self.width, self.size, self.hidden = width, gates * hidden, hidden

    def project(self, cells: "Numbers", height: int) -> "Numbers":
        """Return the inputs times their weights, with their bias."""
        return dense(cells, self.inputs, self.of_inputs, height, self.width, self.size)

    def recur(self, cells: "Numbers", height: int) -> "Numbers":
        """Return the states times their weights, with their bias."""
        return dense(cells, self.states, self.of_states, height, self.hidden, self.size)


def _turned(cells: "Numbers", direction: int, height: int, width: int) -> "Numbers":
    part = cells[direction * height * width : (direction + 1) * height * width]
    turned = [part[line * width + column] for column in range(width) for line in range(height)]
    return pack(make(turned, (), "f").cells, width, height)


def _clipped(value: float, clip: "float | None") -> float:
    return value if clip is None else max(-clip, min(clip, value))


def _lstm_cell(
    layer: _Layer, functions: "list[Activation]", attributes: "Attributes", peepholes: "Numbers | None"
) -> "Advance":
    f, g, h = functions
    n, clip, coupled = layer.hidden, attributes.get("clip"), attributes.get("input_forget", 0)

    def step(projected: "Numbers", state: "Numbers", memory: "Numbers", height: int) -> "State":
        recurrent = layer.recur(state, height)
        made, kept = [], []
        for row in range(height):
            at, own = row * 4 * n, row * n
            sums = [one + other for one, other in zip(projected[at : at + 4 * n], recurrent[at : at + 4 * n])]
            old = memory[own : own + n]
            if peepholes is not None:
                sums[:n] = [cell + p * c for cell, p, c in zip(sums[:n], peepholes[:n], old)]
                sums[2 * n : 3 * n] = [
                    cell + p * c for cell, p, c in zip(sums[2 * n : 3 * n], peepholes[2 * n : 3 * n], old)
                ]
            leave = sums[n : 2 * n]
            if clip is not None:  # what the activations take, so with the peepholes
                sums = [_clipped(cell, clip) for cell in sums]
            enter = list(map(f, sums[:n]))
            forget = [1.0 - gate for gate in enter] if coupled else list(map(f, sums[2 * n : 3 * n]))
            now = [keep * c + gate * g(cell) for keep, c, gate, cell in zip(forget, old, enter, sums[3 * n :])]
            if peepholes is not None:
                leave = [cell + p * c for cell, p, c in zip(leave, peepholes[n : 2 * n], now)]
            kept += now
            made += [f(_clipped(gate, clip)) * h(c) for gate, c in zip(leave, now)]
        return make(made, (), "f").cells, make(kept, (), "f").cells

    return step


def _gru_cell(
    layer: _Layer, functions: "list[Activation]", attributes: "Attributes", peepholes: "Numbers | None"
) -> "Advance":
    f, g = functions
    n, clip, linear = layer.hidden, attributes.get("clip"), attributes.get("linear_before_reset", 0)

    def step(projected: "Numbers", state: "Numbers", memory: "Numbers", height: int) -> "State":
        recurrent = layer.recur(state, height)
        gates = []
        for row in range(height):
            at = row * 3 * n
            sums = [_clipped(a + b, clip) for a, b in zip(projected[at : at + 2 * n], recurrent[at : at + 2 * n])]
            gates.append((list(map(f, sums[:n])), list(map(f, sums[n:]))))
        if not linear:
            damped = [
                r * s for row, (_, reset) in enumerate(gates) for r, s in zip(reset, state[row * n : row * n + n])
            ]
            inner = layer.recur(make(damped, (), "f").cells, height)
        made: list[float] = []
        for row, (update, reset) in enumerate(gates):
            at = row * 3 * n + 2 * n
            if linear:
                terms = [x + r * s for x, r, s in zip(projected[at : at + n], reset, recurrent[at : at + n])]
            else:
                terms = [x + s for x, s in zip(projected[at : at + n], inner[at : at + n])]
            old = state[row * n : row * n + n]
            made += [(1.0 - z) * g(_clipped(term, clip)) + z * s for z, term, s in zip(update, terms, old)]
        cells = make(made, (), "f").cells
        return cells, cells

    return step


def _rnn_cell(
    layer: _Layer, functions: "list[Activation]", attributes: "Attributes", peepholes: "Numbers | None"
) -> "Advance":
    (f,) = functions
    clip = attributes.get("clip")

    def step(projected: "Numbers", state: "Numbers", memory: "Numbers", height: int) -> "State":
        recurrent = layer.recur(state, height)
        cells = make([f(_clipped(a + b, clip)) for a, b in zip(projected, recurrent)], (), "f").cells
        return cells, cells

    return step


def _recurrent(gates: int, defaults: "list[str]", cell: "Cell", *, has_memory: bool = False) -> "StepFunction":
    def step(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
        by_batch = attributes.get("layout", 0)
        value = transpose(inputs[0], (1, 0, 2)) if by_batch else inputs[0]
        if value.kind != "f":
            raise ValueError("a recurrent layer of float64")
        length, height, _ = value.shape
        way = attributes.get("direction", "forward")
        directions = 2 if way == "bidirectional" else 1
        hidden = attributes.get("hidden_size") or inputs[2].shape[2]
        functions = _activations(attributes, defaults, directions)
        each = len(functions) // directions
        ends = inputs[4].integers() if len(inputs) > 4 and inputs[4] is not None else [length] * height
        outputs, lasts, memories = [], [], []
        for direction in range(directions):
            layer = attributes.get(f"layer {direction}")
            if layer is None:
                layer = _Layer(inputs, direction, gates, hidden)
                if attributes.get("constant", 0):
                    attributes[f"layer {direction}"] = layer
            peepholes = None
            if has_memory and len(inputs) > 7 and inputs[7] is not None:
                peepholes = inputs[7].cells[direction * 3 * hidden : (direction + 1) * 3 * hidden]
            run = cell(layer, functions[direction * each : (direction + 1) * each], attributes, peepholes)
            state = _start(inputs, 5, direction, height, hidden, by_batch, directions)
            memory = _start(inputs, 6, direction, height, hidden, by_batch, directions) if has_memory else state
            projected = layer.project(value.cells, length * height)
            size = height * gates * hidden
            backwards = way == "reverse" or direction == 1
            steps: list[Numbers] = [()] * length
            for time in reversed(range(length)) if backwards else range(length):
                made, kept = run(projected[time * size : (time + 1) * size], state, memory, height)
                shown = made
                if min(ends) < length:
                    state, shown = _masked(made, state, ends, time, hidden)
                    memory, _ = _masked(kept, memory, ends, time, hidden)
                else:
                    state, memory = made, kept
                steps[time] = shown
            outputs.append(steps)
            lasts.append(state)
            memories.append(memory)
        cells: list[float] = []
        for time in range(length):
            for direction in range(directions):
                cells += outputs[direction][time]
        whole = make(cells, (length, directions, height, hidden), "f")
        last = make([c for part in lasts for c in part], (directions, height, hidden), "f")
        found = [whole, last]
        if has_memory:
            found.append(make([c for part in memories for c in part], (directions, height, hidden), "f"))
        if by_batch:
            found = [transpose(whole, (2, 0, 1, 3)), *(transpose(each, (1, 0, 2)) for each in found[1:])]
        return found

    return step


def _masked(made: "Numbers", old: "Numbers", ends: "list[int]", time: int, hidden: int) -> "State":
    """Return the new state and what is shown: a sequence that has ended keeps its state, and shows zeros."""
    state, shown = make(made, (), "f").cells, make(made, (), "f").cells
    for row, end in enumerate(ends):
        if time >= end:
            state[row * hidden : (row + 1) * hidden] = make(old[row * hidden : (row + 1) * hidden], (), "f").cells
            shown[row * hidden : (row + 1) * hidden] = make([0.0] * hidden, (), "f").cells
    return state, shown


def _start(
    inputs: "Inputs", place: int, direction: int, height: int, hidden: int, by_batch: int, directions: int
) -> "Numbers":
    if len(inputs) <= place or inputs[place] is None:
        return make([0.0] * (height * hidden), (), "f").cells
    value = transpose(inputs[place], (1, 0, 2)) if by_batch else inputs[place]
    return make(value.cells[direction * height * hidden : (direction + 1) * height * hidden], (), "f").cells


FUNCTIONS: "dict[str, StepFunction]" = {
    "GRU": _recurrent(3, ["Sigmoid", "Tanh"], _gru_cell),
    "LSTM": _recurrent(4, ["Sigmoid", "Tanh", "Tanh"], _lstm_cell, has_memory=True),
    "RNN": _recurrent(1, ["Tanh"], _rnn_cell),
}

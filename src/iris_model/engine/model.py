"""A compiled model that answers: a dictionary of values and a loop over nodes.

In: a path, then rows. Out: tables and columns. It must not know of events, JSON requests or AWS.
"""

from .container import Container
from .errors import InvalidInput, ModelFormatError
from .operators import OPERATORS, find_operator
from .rows import RowEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Tensors up to this many numbers are unpacked when first used: a list answers a little faster than a view.
UNPACK_UP_TO = 1024
# From so many rows on they are packed.
MANY_ROWS = 64


class CompiledModel:
    """The model in one compiled-model file. Opening is O(1) in the number of parameters.

    `signature`, `classes` and `source` are what the compiler wrote (docs/architecture.md). Errors: ModelFormatError when
    the file is not sound, InvalidInput when rows do not fit.
    """

    def __init__(self, path: str) -> None:
        self._container = Container(path)
        self.signature = self._container.signature
        self.source = self._container.source
        try:
            self._nodes = [_read_node(node) for node in self._container.graph["nodes"]]
            self.outputs = self._container.graph["outputs"]
            if not _are_texts(self.outputs.values()):
                raise TypeError("outputs that name values")
            self.classes = self.signature.get("classes")
            self.task = self.signature["task"]
            self._encoder = RowEncoder(self.signature["columns"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"its graph or signature lacks {error}") from None
        self._plans: dict[tuple[str, ...], list[Any]] = {}
        self._kernels: Any = None
        self._called = False

    def predict(self, rows: "list[Any]") -> "list[Any]":
        """Labels (classifier) or numbers (regressor), one per row; a list per row where the target has several."""
        return self.evaluate(rows, ("predict",))[0]

    def predict_proba(self, rows: "list[Any]") -> "list[Any]":
        """Probabilities, one list per row in the order of `classes`."""
        return self.evaluate(rows, ("predict_proba",))[0]

    def decision_function(self, rows: "list[Any]") -> "list[Any]":
        """Decisions as the original library's method of this name gives them."""
        return self.evaluate(rows, ("decision_function",))[0]

    def score_samples(self, rows: "list[Any]") -> "list[Any]":
        """Scores as the original library's method of this name gives them."""
        return self.evaluate(rows, ("score_samples",))[0]

    def transform(self, rows: "list[Any]") -> "list[Any]":
        """The transformed rows, where the model is a transformer."""
        return self.evaluate(rows, ("transform",))[0]

    def evaluate(self, rows: "list[Any]", outputs: "tuple[str, ...]") -> "list[list[Any]]":
        """The values of several outputs, what they share computed once. Rows: lists of numbers, text, None."""
        outputs = tuple(outputs)
        plan = self._plans.get(outputs) or self._make_plan(outputs)
        values = {"rows": self._encode(rows)}
        if not rows:
            return [[] for _ in outputs]
        try:
            for function, inputs, output in plan:
                if len(inputs) == 1:
                    values[output] = function(values[inputs[0]])
                else:
                    values[output] = function(*[values[name] for name in inputs])
        except InvalidInput:
            raise
        except (IndexError, TypeError, KeyError, AttributeError, ZeroDivisionError, MemoryError) as error:
            # Rows were checked before: what fails now is the file.
            raise self._damaged(f"operator {function.__name__!r} failed: {error}") from error
        except (OverflowError, ValueError) as error:
            raise InvalidInput(
                f"a value is so large that {function.__name__} cannot compute with it ({error}); send smaller values"
            ) from None
        # Packed tables leave as lists.
        found = [values[self.outputs[name]] for name in outputs]
        return found if {list}.issuperset(map(type, found)) else [list(value) for value in found]

    def _encode(self, rows: "list[Any]") -> "Any":
        encoder = self._encoder
        many = type(rows) is list and len(rows) >= MANY_ROWS
        if self._kernels is None and (many or self._called):
            from .native import find_kernels

            self._kernels = find_kernels() or False
        self._called = True
        if self._kernels:
            if many:
                from .packed import pack_rows

                packed = pack_rows(rows, encoder.width, encoder.least_limit, encoder.missing)
                return encoder.encode(rows) if packed is None else packed
            if self._kernels.are_ordinary(rows, encoder.width, encoder.least_limit):
                return rows
        return encoder.encode(rows)

    def _make_plan(self, outputs: "tuple[str, ...]") -> "list[Any]":
        """Keep the nodes that `outputs` need, in order, with functions found and tensors bound."""
        for name in outputs:
            if name not in self.outputs:
                have = ", ".join(self.outputs)
                raise AttributeError(f"this model has no {name}; it has {have}")
        wanted = {self.outputs[name] for name in outputs}
        chosen = []
        for node in reversed(self._nodes):
            if node[2] in wanted:
                wanted.update(node[1])
                chosen.append(node)
        known = {"rows"}
        plan = []
        for op, inputs, output, attributes, tensors in reversed(chosen):
            unknown = [name for name in inputs if name not in known]
            if op not in OPERATORS:
                raise self._damaged(f"node {output!r} uses the operator {op!r}, which this iris-model does not have")
            if unknown:
                raise self._damaged(f"node {output!r} uses {unknown[0]!r} before anything made it")
            known.add(output)
            parameters = dict(attributes)
            for name in tensors:
                parameters[name] = self._bind(f"{output}.{name}")
            plan.append((self._fix(find_operator(op), parameters), inputs, output))
        missing = wanted - known
        if missing:
            raise self._damaged(f"nothing makes {sorted(missing)[0]!r}")
        self._plans[outputs] = plan
        return plan

    def _fix(self, function: "Any", parameters: "dict[str, Any]") -> "Any":
        """The operator with its parameters as defaults."""
        code = function.__code__
        known = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if unknown := parameters.keys() - known:
            raise self._damaged(f"operator {function.__name__!r} has no {unknown.pop()!r}")
        fixed = type(function)(code, function.__globals__, function.__name__, function.__defaults__)
        fixed.__kwdefaults__ = {**(function.__kwdefaults__ or {}), **parameters}
        return fixed

    def _bind(self, name: str) -> "Any":
        """A tensor as operators take it: flat for one dimension, a list of rows for two."""
        view, shape = self._container.tensor(name)
        small = len(view) <= UNPACK_UP_TO
        if len(shape) == 1:
            return view.tolist() if small else view
        if len(shape) != 2 or (shape[0] and not shape[1]):
            raise self._damaged(f"tensor {name!r} has the shape {shape}")
        return RowsView(view.tolist() if small else view, *shape)

    def _damaged(self, what: str) -> ModelFormatError:
        return ModelFormatError(
            f"the compiled model {self._container.path} is damaged: {what}; compile it again with this iris-model"
        )


def _read_node(node: "dict[str, Any]") -> "tuple[str, list[str], str, dict[str, Any], list[str]]":
    op, inputs, output = node["op"], node["inputs"], node["output"]
    attributes, tensors = node.get("attributes", {}), node.get("tensors", [])
    if not (_are_texts([op, output, *inputs, *tensors]) and type(attributes) is dict):
        raise TypeError("a node as it must be")
    return op, inputs, output, attributes, tensors


def _are_texts(values: "Any") -> bool:
    return {str}.issuperset(map(type, values))


class RowsView:
    """A matrix as a sequence of rows, sliced when asked for: binding a million leaves costs nothing."""

    __slots__ = ("_count", "_rows", "flat", "width")

    def __init__(self, flat: "Any", count: int, width: int) -> None:
        self.flat = flat
        self._count = count
        self.width = width
        self._rows = [self[index] for index in range(count)] if type(flat) is list else None

    def __iter__(self) -> "Any":
        return map(self.__getitem__, range(self._count)) if self._rows is None else iter(self._rows)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> "Any":
        if not 0 <= index < self._count:
            raise IndexError(f"row {index}")
        return self.flat[index * self.width : (index + 1) * self.width]

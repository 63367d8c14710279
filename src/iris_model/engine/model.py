"""Evaluate a compiled model: a dictionary of values and a loop over the nodes of the graph.

Takes rows, returns tables and columns. It does not depend on events, JSON requests or AWS.
"""

from .container import Container
from .errors import InvalidInput, ModelFormatError
from .json_text import without_collector
from .operators import OPERATORS, RUNS_SOURCE, find_operator
from .rows import RowEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import FunctionType, ModuleType
    from typing import Any, Literal, TypeAlias

    from iris_model.contract.signature import Cell, Column, OutputSignature, SharedColumns, Signature, Source

    from .packed import Table

    # A node of the graph: operator, inputs, output, attributes, names of tensors.
    Node: TypeAlias = tuple[str, list[str], str, dict[str, object], list[str]]
    # A node that is ready to run: the function with its parameters, inputs, output.
    Step: TypeAlias = tuple[FunctionType, list[str], str]

# Tensors of at most this many numbers become lists at first use, because lists are a little faster than views.
UNPACK_UP_TO = 1024
# Batches of at least this many rows are packed for the C kernels.
MANY_ROWS = 64
# A request body of at least this many bytes uses the C kernels, even in the first request.
LONG_BODY = 4096
# Counts up to this need no check.
LEAST_LIMIT = 256
# The parameter in which an operator keeps values between calls. No file contains it.
MEMO = "memo"
# Operators that only divide by their count or compare with it: a large count needs no more time or memory.
ONLY_COMPARED = ("mean_of", "impute_from_donors")


class CompiledModel:
    """The model of one compiled-model file. The opening time does not depend on the number of parameters.

    `signature`, `classes`, `graph` and `source` are what the compiler wrote (docs/architecture.md). Methods raise
    InvalidInput for rows that do not fit the signature, and ModelFormatError if the file is damaged.

    `own_code`: run the steps of the user's own in the file (`iris_model.step`). Without it, a model that has one raises
    ModelFormatError: a file of someone else must not run code here.
    """

    def __init__(self, path: str, data: "bytes | None" = None, *, own_code: bool = False) -> None:
        self._own_code = own_code
        self._container = Container(path, data)
        self._signature: Signature = self._container.signature
        # The signature without need of its columns, which a wide model builds later.
        self.described: OutputSignature = self._signature
        self.source: Source = self._container.source
        try:
            self.graph = self._container.graph
            self._nodes = [_read_node(node) for node in self.graph["nodes"]]
            self.outputs = self._container.graph["outputs"]
            if not _are_texts(self.outputs.values()):
                raise TypeError("outputs that name values")
            self.classes = self.described.get("classes")
            if type(self.classes) not in (list, type(None)):
                raise TypeError("a list of classes")
            self.task = self.described["task"]
            self._encoder = self._make_encoder(self._signature["columns"])
            self.columns = self._encoder.columns
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"its graph or signature lacks {error}") from None
        self._plans: dict[tuple[str, ...], list[Step]] = {}
        self._kernels: ModuleType | Literal[False] | None = None
        self._called = False

    @property
    def signature(self) -> "Signature":
        """What the model takes and answers, as the compiler wrote it (docs/architecture.md)."""
        if isinstance(self._signature["columns"], dict):
            self._signature = {**self._signature, "columns": list(self.columns)}
        return self._signature

    @property
    def own_steps(self) -> "list[str]":
        """The names of the steps of the user's own in the file: each is Python source."""
        return [str(node[3].get("name")) for node in self._nodes if node[0] in RUNS_SOURCE]

    def predict(self, rows: "Sequence[object]") -> "list[Any]":
        """Return one label (classifier) or number (regressor) for each row.

        A model with several targets gives a list for each row. `rows`: sequences with one cell for each column,
        numbers, strings or None. Raises InvalidInput, which names row and feature.
        """
        return self.evaluate(rows, ("predict",))[0]

    def predict_proba(self, rows: "Sequence[object]") -> "list[Any]":
        """Return the probabilities: one list for each row, in the order of `classes`."""
        return self.evaluate(rows, ("predict_proba",))[0]

    def decision_function(self, rows: "Sequence[object]") -> "list[Any]":
        """Return what the original's `decision_function` returns: one number or list of numbers for each row."""
        return self.evaluate(rows, ("decision_function",))[0]

    def score_samples(self, rows: "Sequence[object]") -> "list[Any]":
        """Return what the original's `score_samples` returns: one number for each row."""
        return self.evaluate(rows, ("score_samples",))[0]

    def transform(self, rows: "Sequence[object]") -> "list[Any]":
        """Return the transformed rows of a transformer."""
        return self.evaluate(rows, ("transform",))[0]

    def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[list[Cell]]":
        """Return the values of several outputs, such as `("predict", "predict_proba")`.

        Nodes that they share are evaluated once. `rows`: sequences of numbers, strings or None. Raises InvalidInput.
        """
        if type(rows) is list and len(rows) >= MANY_ROWS:
            return without_collector(self._evaluate, rows, tuple(outputs))
        return self._evaluate(rows, tuple(outputs))

    def _evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[list[Cell]]":
        plan = self._plans.get(outputs) or self._make_plan(outputs)
        table = self._encode(rows)
        if not rows:
            return [[] for _ in outputs]
        found = self._run(plan, table, [self.outputs[name] for name in outputs])
        # Callers get lists, never packed tables.
        return found if {list}.issuperset(map(type, found)) else [list(value) for value in found]

    def find_encoder(self, body_length: int) -> "RowEncoder | None":
        """Return the encoder with which C kernels read a body of that length into a table, or None to use Python."""
        if self._kernels is None and (self._called or body_length >= LONG_BODY):
            self._find_kernels()
        return self._encoder if self._kernels and self._encoder.least_limit >= 0 else None

    def evaluate_table(self, table: "Table", outputs: "tuple[str, ...]") -> "list[object]":
        """Evaluate a packed table (packed.py) that the encoder accepts. Packed results stay packed."""
        plan = self._plans.get(outputs) or self._make_plan(outputs)
        # For a few rows, operators in Python are as fast with lists.
        rows = table if len(table) >= MANY_ROWS else table.lists()
        return self._run(plan, rows, [self.outputs[name] for name in outputs])

    def evaluate_values(self, table: "Iterable[object]", values: "tuple[str, ...]") -> "list[object]":
        """Return the named values of `graph` for rows that are already encoded, as lists or as a `Table` of packed.py.

        Each value comes back as a list, or as a `Table` if a kernel computed it.
        """
        key = ("values of", *values)
        plan = self._plans.get(key) or self._make_plan(key, values)
        return self._run(plan, table, values)

    def _run(self, plan: "list[Step]", table: "Iterable[object]", wanted: "Iterable[str]") -> "list[Any]":
        values = {"rows": table}
        try:
            for function, inputs, output in plan:
                if len(inputs) == 1:
                    values[output] = function(values[inputs[0]])
                else:
                    values[output] = function(*[values[name] for name in inputs])
        except InvalidInput:
            raise
        except (IndexError, TypeError, KeyError, AttributeError, ZeroDivisionError, MemoryError) as error:
            # The rows were checked before, so the file is the cause.
            raise self._damaged(f"operator {function.__name__!r} failed: {error}") from error
        except (OverflowError, ValueError) as error:
            row = _find_refused(plan, table)
            raise InvalidInput(
                f"row {row}: a value is so large that {function.__name__} cannot compute with it ({error}); send smaller "
                "values",
                row=row,
            ) from None
        return [values[name] for name in wanted]

    def _make_encoder(self, columns: "list[Column] | SharedColumns") -> RowEncoder:
        if not isinstance(columns, dict):
            return RowEncoder(columns)
        from .wide_columns import WideRowEncoder

        return WideRowEncoder(columns, self._container)

    def _find_kernels(self) -> None:
        from .native import find_kernels

        self._kernels = find_kernels() or False

    def _encode(self, rows: "Sequence[object]") -> "Iterable[object]":
        encoder = self._encoder
        many = type(rows) is list and len(rows) >= MANY_ROWS
        if self._kernels is None and (many or self._called):
            self._find_kernels()
        self._called = True
        if self._kernels:
            if many:
                from .packed import pack_rows

                packed = pack_rows(rows, encoder.width, encoder.least_limit, encoder.missing)
                return encoder.encode(rows) if packed is None else packed
            if self._kernels.are_ordinary(rows, encoder.width, encoder.least_limit):
                return rows
        return encoder.encode(rows)

    def _make_plan(self, key: "tuple[str, ...]", values: "tuple[str, ...] | None" = None) -> "list[Step]":
        """Return the nodes that the outputs `key` (or `values`) need, in order, with their functions and tensors."""
        if values is None:
            for name in key:
                if name not in self.outputs:
                    have = ", ".join(self.outputs)
                    raise AttributeError(f"this model has no {name}; it has {have}")
        wanted = {self.outputs[name] for name in key} if values is None else set(values)
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
            if op in RUNS_SOURCE and not self._own_code:
                raise ModelFormatError(
                    f"the compiled model {self._container.path} contains Python source of its author "
                    f"({attributes.get('name')}); open the project or its function directory, or, if the file is yours, "
                    "load it with own_code=True"
                )
            if unknown:
                raise self._damaged(f"node {output!r} uses {unknown[0]!r} before anything made it")
            known.add(output)
            parameters = dict(attributes)
            for name in tensors:
                parameters[name] = self._bind(f"{output}.{name}")
            if "count" in parameters or "neighbors" in parameters:
                self._check_sizes(op, output, parameters, tensors)
            plan.append((self._fix(find_operator(op), parameters), inputs, output))
        missing = wanted - known
        if missing:
            raise self._damaged(f"nothing makes {sorted(missing)[0]!r}")
        self._plans[key] = plan
        return plan

    def _check_sizes(self, op: str, output: str, parameters: "dict[str, object]", tensors: "list[str]") -> None:
        """Refuse counts above the tensor sizes of the node: each row would take that much memory and time."""
        if op in ONLY_COMPARED:
            return
        classes = self.classes or []
        lengths = [LEAST_LIMIT, len(classes), *(len(each) for each in classes if isinstance(each, list))]
        for name in tensors:
            lengths += self._container.tensor(f"{output}.{name}")[1]
        for name in ("count", "neighbors"):
            size = parameters.get(name, 0)
            if type(size) is not int or not 0 <= size <= max(lengths):
                raise self._damaged(f"{name!r} of node {output!r} is {size!r}, and nothing in it is that long")
        count = parameters.get("count", 0)
        if "slopes" in parameters and type(count) is int:
            pairs = len(self._container.tensor(f"{output}.slopes")[0]) if "slopes" in tensors else 0
            if count * (count - 1) // 2 != pairs:
                raise self._damaged(f"'count' of node {output!r} is {count}, and there are {pairs} pairs")

    def _fix(self, function: "FunctionType", parameters: "dict[str, object]") -> "FunctionType":
        """Return the operator with its parameters as defaults."""
        code = function.__code__
        known = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        if unknown := parameters.keys() - known:
            raise self._damaged(f"operator {function.__name__!r} has no {unknown.pop()!r}")
        if MEMO in known:
            parameters[MEMO] = {}
        fixed = type(function)(code, function.__globals__, function.__name__, function.__defaults__)
        fixed.__kwdefaults__ = {**(function.__kwdefaults__ or {}), **parameters}
        return fixed

    def _bind(self, name: str) -> object:
        """Return a tensor as operators take it: flat for one dimension, a list of rows for two."""
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


def _find_refused(plan: "list[Step]", table: "Iterable[object]") -> int:
    """Return the number of the first row that the operators refuse."""
    rows = list(table)
    low, high = 0, len(rows)
    while high - low > 1:
        middle = (low + high) // 2
        values: dict[str, object] = {"rows": rows[low:middle]}
        try:
            for function, inputs, output in plan:
                values[output] = function(*[values[name] for name in inputs])
            low = middle
        except (OverflowError, ValueError):
            high = middle
    return low


def _read_node(node: "dict[str, Any]") -> "Node":
    op, inputs, output = node["op"], node["inputs"], node["output"]
    attributes, tensors = node.get("attributes", {}), node.get("tensors", [])
    if not (_are_texts([op, output, *inputs, *tensors]) and type(attributes) is dict):
        raise TypeError("a valid node")
    return op, inputs, output, attributes, tensors


def _are_texts(values: "Iterable[object]") -> bool:
    return {str}.issuperset(map(type, values))


class RowsView:
    """A matrix as a sequence of rows, sliced when read, so that a tensor of a million leaves opens at once."""

    __slots__ = ("_count", "_rows", "flat", "width")

    def __init__(self, flat: "Sequence[float]", count: int, width: int) -> None:
        self.flat = flat
        self._count = count
        self.width = width
        self._rows = [self[index] for index in range(count)] if type(flat) is list else None

    def __iter__(self) -> "Iterator[Sequence[float]]":
        return map(self.__getitem__, range(self._count)) if self._rows is None else iter(self._rows)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> "Sequence[float]":
        if not 0 <= index < self._count:
            raise IndexError(f"row {index}")
        return self.flat[index * self.width : (index + 1) * self.width]

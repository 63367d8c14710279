"""Graphs that are damaged or hostile: one kind of error, and no more memory or time than a real graph needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from iris_model.compiler.networks.arrays import fold
from iris_model.compiler.networks.reading import find_unsupported_steps
from iris_model.engine.errors import ModelFormatError
from iris_model.engine.operators.networks import MODULE_OF, find_step
from iris_model.engine.operators.networks.arrays import Array, make, positions
from iris_model.engine.operators.networks.running import Program
from iris_model.readers.onnx import programs
from iris_model.readers.onnx.messages import BadMessage, TensorMessage, read_model, read_tensor
from iris_model.readers.onnx.programs import read_program
from iris_model.readers.onnx.tensors import to_array

FILES = sorted((Path(__file__).parent / "exports").glob("*.onnx"))


def program_of(nodes: list[Any], functions: list[Any] | None = None, tensors: list[Any] | None = None) -> Any:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 4])
    graph = helper.make_graph(nodes, "g", [value], [out], tensors or [])
    model = helper.make_model(graph, functions=functions or [])
    return read_program(read_model(model.SerializeToString()), ["y"], None, list(MODULE_OF), fold)


@pytest.mark.parametrize(
    ("read", "number"),
    [(lambda data: read_tensor(memoryview(data)), 6), (lambda data: read_tensor(memoryview(data)), 9)],
)
def test_a_number_where_bytes_are_expected_is_refused(read: Any, number: int) -> None:
    """`bytes(n)` would be n zeros; onnxruntime skips the field, so it does not refuse the file before."""
    size = b"\x80\x80\x80\x80\x80\x40"  # 2^41
    with pytest.raises(BadMessage):
        read(bytes([number << 3]) + size)
    attribute = b"\x0a\x01a\x20" + size
    node = b"\x2a" + bytes([len(attribute)]) + attribute
    graph = b"\x0a" + bytes([len(node)]) + node
    with pytest.raises(BadMessage):
        read_model(b"\x3a" + bytes([len(graph)]) + graph)


@pytest.mark.parametrize(
    ("kind", "numbers"), [(3, [300]), (2, [-1]), (7, [float("nan")]), (6, [2**40]), (7, [1.5, "a"])]
)
def test_numbers_that_do_not_fit_their_type(kind: int, numbers: list[Any]) -> None:
    with pytest.raises(BadMessage, match="'t'"):
        to_array(TensorMessage("t", kind, [len(numbers)], numbers=numbers), None)


def test_functions_that_call_functions_end() -> None:
    """Ten calls in each of ten functions are 10^10 calls, and the last function is empty."""
    functions = [
        helper.make_function(
            "own", f"f{level}", ["x"], ["y"],
            [helper.make_node(f"f{level + 1}", ["x"], ["y"], domain="own")] * 10, [helper.make_opsetid("own", 1)],
        )
        for level in range(10)
    ]  # fmt: skip
    functions.append(helper.make_function("own", "f10", ["x"], ["y"], [], [helper.make_opsetid("own", 1)]))
    begin = time.monotonic()
    with pytest.raises(BadMessage, match="more than"):
        program_of([helper.make_node("f0", ["x"], ["y"], domain="own")], functions)
    assert time.monotonic() - begin < 20


def shape_of(name: str, *lengths: int) -> Any:
    return helper.make_tensor(name, TensorProto.INT64, [len(lengths)], lengths)


@pytest.mark.parametrize("op", ["MatMul", "Add", "Tile"])
def test_large_constants_of_a_small_file_are_not_computed(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tensors of 65,536 cells make 2^32; each of many nodes would make one of the largest tensors."""
    monkeypatch.setattr(programs, "MOST_COMPUTED", 1 << 21)
    nodes = [helper.make_node("ConstantOfShape", [shape], [name]) for shape, name in (("s", "a"), ("t", "b"))]
    if op == "Tile":
        tensors = [shape_of("s", 1), shape_of("t", 1), shape_of("r", 2**40)]
        nodes += [helper.make_node("Tile", ["a", "r"], ["c"])]
    else:
        wide = 65_536 if op == "MatMul" else 16
        tensors = [shape_of("s", 65_536, 1), shape_of("t", 1, wide)]
        nodes += [helper.make_node(op, ["a", "b"], [f"c{number}"]) for number in range(40)]
        nodes += [helper.make_node("Sum", [f"c{number}" for number in range(40)], ["c"])]
    nodes += [helper.make_node("Add", ["x", "c"], ["y"])]
    program = program_of(nodes, tensors=tensors)
    assert sum(value.size for value in program.constants.values()) < 1 << 22


def test_a_damaged_graph_is_one_kind_of_error(tmp_path: Path) -> None:
    """Nodes without inputs, outputs or branches; attributes of another kind; and bytes that are changed at random."""
    for node in (
        helper.make_node("Add", [], []),
        helper.make_node("If", [], ["y"]),
        helper.make_node("MatMul", ["x"], ["y"]),
        helper.make_node("Identity", [], ["y"]),
        helper.make_node("Constant", [], ["y"], value_string=3),
        helper.make_node("Constant", [], ["y"]),
        helper.make_node("Dropout", ["x", "", "e"], ["y"]),
    ):
        try:
            program_of([node], tensors=[helper.make_tensor("e", TensorProto.BOOL, [0], [])])
        except BadMessage:
            pass
    random = np.random.RandomState(0)
    path = tmp_path / "m.onnx"
    for file in FILES[:12]:
        data = file.read_bytes()
        for _ in range(25):
            broken = bytearray(data)
            for place in random.randint(len(broken), size=random.randint(1, 5)):
                broken[place] = random.randint(256)
            path.write_bytes(bytes(broken))
            find_unsupported_steps(path)


def step(op: str, *inputs: Array, **attributes: Any) -> list[Array]:
    function: Any = find_step(op)
    made: list[Array] = function(list(inputs), attributes)
    return made


def test_integers_of_a_row_take_no_unbounded_time() -> None:
    """3^(10^15) and 1 << 10^15 would fill the memory."""
    base, large = make([3, 2, -2], (3,), "q"), make([10**15, 10, 3], (3,), "q")
    assert list(step("Pow", base, large)[0].cells)[1:] == [1024, -8]
    assert step("Pow", make([2, 0], (2,), "q"), make([-1, -1], (2,), "q"))[0].cells[0] == 0
    one = make([1, 1], (2,), "Q")
    assert list(step("BitShift", one, make([10**15, 3], (2,), "Q"), direction="LEFT")[0].cells) == [0, 8]


def test_a_view_without_cells_has_no_positions() -> None:
    assert positions((2**40, 0), (0, 1)) == []


@pytest.mark.parametrize("op", ["MatMul", "Gemm"])
def test_a_product_is_not_larger_than_a_value_may_be(op: str) -> None:
    empty = Array([], (2**30, 0), "f"), Array([], (0, 2**30), "f")
    with pytest.raises(ModelFormatError, match="would have"):
        step(op, *empty)


@pytest.mark.parametrize("place", [2**40, -7])
def test_a_compiled_graph_with_an_invalid_index_is_refused(place: int) -> None:
    """There would be as many values as the largest number, and a negative one would be another value."""
    with pytest.raises(ModelFormatError, match="has no place"):
        Program([["Relu", [0], [place], {}]], [], {}, [], [place])

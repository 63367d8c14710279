"""Our reader of protocol buffers, against the package onnx."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from iris_model.engine.operators.networks import MODULE_OF
from iris_model.readers.onnx.messages import BadMessage, GraphMessage, read_model, read_tensor
from iris_model.readers.onnx.operators import OPERATORS, REPLACED
from iris_model.readers.onnx.tensors import to_array

FILES = sorted((Path(__file__).parent / "exports").glob("*.onnx"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_graphs_are_those_of_the_package(path):
    data = path.read_bytes()
    ours, theirs = read_model(data), onnx.load_from_string(data)
    assert ours.opsets == {entry.domain: entry.version for entry in theirs.opset_import}
    assert ours.producer == theirs.producer_name
    assert [value.name for value in ours.graph.inputs] == [value.name for value in theirs.graph.input]
    assert [value.name for value in ours.graph.outputs] == [value.name for value in theirs.graph.output]
    for tensor, right in zip(ours.graph.tensors, theirs.graph.initializer, strict=True):
        np.testing.assert_array_equal(to_array(tensor, None), numpy_helper.to_array(right))
    for node, wanted in zip(ours.graph.nodes, theirs.graph.node, strict=True):
        assert (node.op, node.domain, node.inputs, node.outputs) == (
            wanted.op_type, wanted.domain, list(wanted.input), list(wanted.output),
        )  # fmt: skip
        for attribute in wanted.attribute:
            value = node.attributes[attribute.name]
            right = helper.get_attribute_value(attribute)
            if isinstance(right, onnx.TensorProto):
                np.testing.assert_array_equal(to_array(value, None), numpy_helper.to_array(right))
            elif not isinstance(value, GraphMessage):
                np.testing.assert_equal(value, right)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int8", "uint8", "uint64", "bool", "object"])
@pytest.mark.parametrize("raw", [True, False])
def test_tensors_of_every_type(dtype, raw):
    values = np.array(["a", "ü", ""] if dtype == "object" else [0, 1, 1], dtype)
    if dtype == "object" or raw:
        tensor = numpy_helper.from_array(values, "t")
    else:
        tensor = helper.make_tensor("t", helper.np_dtype_to_tensor_dtype(values.dtype), [3], values.tolist())
    np.testing.assert_array_equal(to_array(read_tensor(memoryview(tensor.SerializeToString())), None), values)


def test_damaged_files_end_in_one_kind_of_error():
    data = FILES[0].read_bytes()
    random = np.random.RandomState(0)
    for _ in range(300):
        broken = bytearray(data[: random.randint(1, len(data))] if random.randint(2) else data)
        for place in random.randint(len(broken), size=random.randint(1, 5)):
            broken[place] = random.randint(256)
        try:
            model = read_model(bytes(broken))
            for tensor in model.graph.tensors:
                to_array(tensor, None)
        except BadMessage:
            pass


def test_the_reference_page_names_the_operators_of_the_engine():
    listed = {name for names in OPERATORS.values() for name in names.split()}
    assert listed - set(REPLACED.split()) == set(MODULE_OF) - {"Dense"}

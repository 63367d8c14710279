"""The compiled file: the same bytes each time, aligned, readable by any safetensors reader, only with operators of the engine."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save
from sklearn.ensemble import RandomForestClassifier

from iris_model.compiler.emit import _join, check_operators, emit, replace_source
from iris_model.engine import CompiledModel
from iris_model.engine.container import ELEMENT_TYPES
from iris_model.readers import Graph, Node, read_estimator

X = np.random.RandomState(0).normal(size=(80, 4))
FOREST = RandomForestClassifier(5, random_state=0).fit(X, X[:, 0] > 0)
SOURCE = {"library": "scikit-learn", "class": "Größe"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    path = tmp_path_factory.mktemp("emit") / "model.safetensors"
    path.write_bytes(emit(read_estimator(FOREST), SOURCE))
    return path


def test_any_safetensors_reader_opens_it(compiled):
    graph = read_estimator(FOREST)
    with safe_open(compiled, "numpy") as file:
        metadata = file.metadata()
        assert sorted(metadata) == ["format", "graph", "signature", "source"]
        assert metadata["format"] == "iris-model/1"
        assert json.loads(metadata["source"]) == SOURCE
        assert json.loads(metadata["signature"]) == graph.signature
        expected = {f"{node.output}.{name}": tensor for node in graph.nodes for name, tensor in node.tensors.items()}
        assert set(file.keys()) == set(expected)
        for name, tensor in expected.items():
            assert file.get_tensor(name).dtype == tensor.dtype
            np.testing.assert_array_equal(file.get_tensor(name), tensor)


def test_every_tensor_is_aligned_to_its_items(compiled):
    data = compiled.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    assert len(header) == 6 and metadata
    for name, entry in header.items():
        item_size = ELEMENT_TYPES[entry["dtype"]][1]
        assert (8 + length + entry["data_offsets"][0]) % item_size == 0, name


def test_tensors_are_where_safetensors_writes_them():
    """The compiler writes the file itself, without a second copy of the tensors."""
    random = np.random.RandomState(0)
    tensors = {
        f"{name}{place}": random.randint(0, 2, (place + 2, 3)).astype(name)
        for name in ("bool", "u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8")
        for place in (1, 0)
    }
    tensors |= {"none": np.zeros(0), "one": np.zeros(1, np.uint8), "turned": np.asfortranarray(tensors["f80"])}
    metadata = {"format": "iris-model/1", "größe": "ß"}
    given = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    ours, theirs = _join(given, metadata), save(given, metadata)
    starts = [8 + int.from_bytes(data[:8], "little") for data in (ours, theirs)]
    headers = [json.loads(data[8:start]) for data, start in zip((ours, theirs), starts)]
    assert headers[0] == headers[1]
    assert ours[starts[0] :] == theirs[starts[1] :]
    assert starts[0] % 8 == 0


@pytest.mark.slow
def test_same_bytes_in_another_process():
    """The hash seed of Python and that of safetensors differ in every process."""
    script = (
        "import hashlib, numpy as np\n"
        "from iris_model.compiler import compile_model\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "X = np.random.RandomState(0).normal(size=(60, 4))\n"
        "print(hashlib.sha256(compile_model(LogisticRegression().fit(X, X[:, 0] > 0)).data).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def graph_of(node):
    return Graph((node,), {"predict": node.output}, {"columns": []})


def test_operator_that_does_not_exist():
    with pytest.raises(TypeError, match=r"no operator 'linnear'; there are .*argmax_label, "):
        check_operators(graph_of(Node("linnear", ("rows",), "v")))


@pytest.mark.parametrize("attributes", [{}, {"indices": [0], "index": 0}, {"indexes": [0]}])
def test_parameters_that_the_operator_does_not_take(attributes):
    with pytest.raises(TypeError, match="node 'v': select_columns"):
        check_operators(graph_of(Node("select_columns", ("rows",), "v", attributes)))


def test_inputs_that_the_operator_does_not_take():
    with pytest.raises(TypeError, match="node 'v': column"):
        check_operators(graph_of(Node("column", ("rows", "rows"), "v", {"index": 0})))


def test_another_source_gives_the_bytes_of_a_model_with_that_source():
    graph = read_estimator(FOREST)
    for source in (SOURCE, {**SOURCE, "parity": {"rows": [1, 2], "é": "x" * 100}}):
        assert replace_source(emit(graph, SOURCE), source) == emit(graph, source)


def test_a_model_in_memory_answers_as_its_file(compiled):
    rows = X[:5].tolist()
    in_memory = CompiledModel("a name for messages", compiled.read_bytes())
    assert in_memory.predict_proba(rows) == CompiledModel(str(compiled)).predict_proba(rows)

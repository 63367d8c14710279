"""ONNX projects: weights in a file of their own, several inputs, one row at a time; judged by onnxruntime asked directly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from iris_model.compiler import describe_onnx
from iris_model.engine.errors import InvalidInput
from iris_model.errors import IrisModelError, ModelFileError, UnsupportedModel
from iris_model.project.compilation.compilations import Compilations
from iris_model.project.configuration.settings import read_settings
from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from iris_model.readers.opening.onnx_files import find_external_files
from iris_model.runtime.model import Model

RANDOM = np.random.RandomState(0)
WEIGHTS = RANDOM.normal(size=(4, 300)).astype(np.float32)
LAST = RANDOM.normal(size=(300, 2)).astype(np.float32)
ROWS = RANDOM.normal(size=(6, 4)).round(3).tolist()


def info(name: str, kind: int, shape: list[object]):
    return helper.make_tensor_value_info(name, kind, shape)


def write(path: Path, nodes, inputs, outputs, constants=(), **options) -> Path:
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(*each) for each in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, path, **options)
    return path


def network(path: Path, rows: object = "rows", **options) -> Path:
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "b"], ["s"]),
        # An operator that is not compiled, so onnxruntime runs the model.
        helper.make_node("Einsum", ["s"], ["y"], equation="ij->ij"),
    ]
    return write(
        path, nodes, [info("x", TensorProto.FLOAT, [rows, 4])], [info("y", TensorProto.FLOAT, [rows, 2])],
        [(WEIGHTS, "a"), (LAST, "b")], **options,
    )  # fmt: skip


def apart(path: Path, location: str = "m.onnx.data") -> Path:
    """As `torch.onnx.export` of today writes it."""
    return network(path, save_as_external_data=True, all_tensors_to_one_file=True, location=location, size_threshold=0)


def directly(path: Path, **feeds) -> list:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)[0].tolist()


def describe_here(path: Path, data: Path | None = None) -> Model:
    """Describe the model as packaging does, and load it as a function."""
    found = describe_onnx(path, data)
    content = {"signature": found.signature, "source": found.source}
    path.with_suffix(".signature.json").write_text(json.dumps(content))
    return Model.load(str(path.with_suffix("")))


@pytest.mark.slow
def test_external_weights_are_kept_by_init_and_package(tmp_path, monkeypatch):
    monkeypatch.setenv("IRIS_MODEL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "trained").mkdir()
    path = apart(tmp_path / "trained" / "m.onnx")
    assert find_external_files(path) == ("m.onnx.data",)
    made = scaffold_model_project(tmp_path / "project", path)
    assert made.executor == "onnxruntime"
    assert {"m.onnx", "m.onnx.data"} <= set(made.files)
    settings = read_settings(tmp_path / "project")
    assert (settings.memory, settings.timeout) == (512, 10)
    function = package_project(tmp_path / "project").directory
    listed = json.loads((function / "function.json").read_text())["files"]
    assert listed["m.onnx.data"] == hashlib.sha256((path.parent / "m.onnx.data").read_bytes()).hexdigest()
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(function))
    model = Model.load("m")
    assert model.predict(ROWS) == directly(path, x=np.array(ROWS, np.float32))

    # Other weights are another model: packaged again, and with another digest.
    unchanged = package_project(tmp_path / "project")
    assert unchanged.unchanged
    data = bytearray((tmp_path / "project" / "m.onnx.data").read_bytes())
    data[:400] = np.ones(100, np.float32).tobytes()
    (tmp_path / "project" / "m.onnx.data").write_bytes(data)
    again = package_project(tmp_path / "project")
    assert not again.unchanged
    assert Model.load("m").source["sha256"] != model.source["sha256"]
    assert Model.load("m").predict(ROWS) != model.predict(ROWS)


def test_weights_in_a_folder(tmp_path):
    (tmp_path / "w").mkdir()
    path = apart(tmp_path / "m.onnx", "w/weights.bin")
    made = scaffold_model_project(tmp_path / "project", path)
    assert "w/weights.bin" in made.files
    assert (package_project(tmp_path / "project").directory / "w/weights.bin").is_file()


def test_cached_compilations_include_external_weights(tmp_path):
    from iris_model.project.configuration.settings import parse_settings

    path = apart(tmp_path / "m.onnx")
    settings = parse_settings({"name": "n", "model": path.name}, tmp_path)
    kept = Compilations(tmp_path / "kept")
    first = kept.choose(settings)

    def never(settings):
        raise AssertionError("it was to be remembered")

    assert kept.choose(settings, never) == first
    assert first.files["m.onnx.data"] == tmp_path / "m.onnx.data"


def test_weights_that_were_left_behind(tmp_path):
    path = apart(tmp_path / "m.onnx")
    (tmp_path / "m.onnx.data").unlink()
    with pytest.raises(ModelFileError, match=r"needs its weights in m\.onnx\.data, which is not in"):
        describe_onnx(path)


@pytest.mark.parametrize("location", ["../m.data", "/etc/passwd"])
def test_weights_outside_the_directory(location, tmp_path):
    model = onnx.load(network(tmp_path / "m.onnx"))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="outside its directory"):
        describe_onnx(tmp_path / "m.onnx")


def test_tensors_of_nodes_may_lie_apart_too(tmp_path):
    path = tmp_path / "m.onnx"
    value = numpy_helper.from_array(np.ones((4, 2), np.float32), "c")
    nodes = [helper.make_node("Constant", [], ["w"], value=value), helper.make_node("MatMul", ["x", "w"], ["y"])]
    write(
        path, nodes, [info("x", TensorProto.FLOAT, ["n", 4])], [info("y", TensorProto.FLOAT, ["n", 2])],
        save_as_external_data=True, location="all.bin", size_threshold=0, convert_attribute=True,
    )  # fmt: skip
    assert find_external_files(path) == ("all.bin",)


def test_a_model_of_one_row_is_asked_row_by_row(tmp_path):
    path = network(tmp_path / "m.onnx", 1)
    model = describe_here(path)
    wanted = [directly(path, x=np.array([row], np.float32))[0] for row in ROWS]
    assert model.predict(ROWS) == wanted


def test_several_inputs_are_columns(tmp_path):
    """A number, a list of three, a truth value and a whole number per row."""
    nodes = [
        helper.make_node("ReduceSum", ["v", "axes"], ["s"], keepdims=0),
        helper.make_node("Cast", ["flag"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["count"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("Sum", ["s", "price", "f", "c"], ["y"]),
    ]
    inputs = [
        info("price", TensorProto.FLOAT, ["n"]),
        info("v", TensorProto.FLOAT, ["n", 3]),
        info("flag", TensorProto.BOOL, ["n"]),
        info("count", TensorProto.INT32, ["n"]),
    ]
    path = write(tmp_path / "m.onnx", nodes, inputs, [info("y", TensorProto.FLOAT, ["n"])], [(np.array([1]), "axes")])
    model = describe_here(path)
    assert [column["name"] for column in model.signature["columns"]] == ["price", "v_0", "v_1", "v_2", "flag", "count"]
    assert model.predict([[1, 2, 3, 4, True, 5], [0.5, 0, 0, 0, False, 0]]) == [16.0, 0.5]
    assert model.answer({"price": 1, "v_0": 2, "v_1": 3, "v_2": 4, "flag": True, "count": 5}) == {"prediction": 16.0}
    with pytest.raises(InvalidInput, match=r"'count': the value is 2\.5; expected a whole number"):
        model.predict([[1, 2, 3, 4, True, 2.5]])
    with pytest.raises(InvalidInput, match=r"'count': the value is .*; expected a whole number"):
        model.predict([[1, 2, 3, 4, True, 2**31]])
    with pytest.raises(InvalidInput, match=r"'flag'.*expected"):
        model.predict([[1, 2, 3, 4, 7, 5]])


def test_the_number_of_columns_comes_from_the_data(tmp_path):
    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)]
    path = write(
        tmp_path / "m.onnx", nodes, [info("x", TensorProto.FLOAT, ["n", "k"])], [info("y", TensorProto.FLOAT, ["n"])],
        [(np.array([1]), "axes")],
    )  # fmt: skip
    with pytest.raises(UnsupportedModel, match="does not define its number of columns") as caught:
        describe_onnx(path)
    assert "--data rows.csv" in caught.value.remedy
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    assert describe_here(path, tmp_path / "rows.csv").predict([[1, 2, 3]]) == [6.0]


def one(path: Path, node, out: list[object], kind: int = TensorProto.FLOAT, shape=("n", 3)) -> Path:
    return write(path, [node], [info("x", TensorProto.FLOAT, list(shape))], [info("y", kind, out)])


REFUSED = {
    "argmax over rows": (
        lambda path: one(path, helper.make_node("ArgMax", ["x"], ["y"], axis=0, keepdims=0), [3], TensorProto.INT64),
        r"its output 'y' has the shape \(3,\) for 256 rows; expected one answer per row",
        "axis=-1",
    ),
    "softmax over rows": (
        lambda path: one(path, helper.make_node("Softmax", ["x"], ["y"], axis=0), ["n", 3]),
        r"its output 'y' for one row changes when the row is sent with others \(256 rows\)",
        "axis=-1",
    ),
    "3-D": (
        lambda path: one(path, helper.make_node("Relu", ["x"], ["y"]), ["n", 5, 3], shape=("n", 5, 3)),
        r"its input 'x' is tensor\(float\) of shape \(any, 5, 3\)",
        "rows.reshape(-1, 5, 3)",
    ),
    "a batch of 8": (
        lambda path: one(path, helper.make_node("Relu", ["x"], ["y"]), [8, 3], shape=(8, 3)),
        "it takes exactly 8 rows at once",
        "dynamic_shapes",
    ),
    "no batch": (
        lambda path: one(path, helper.make_node("Relu", ["x"], ["y"]), [3], shape=(3,)),
        "it takes one row, without a batch dimension",
        "two dimensions",
    ),
    "3-D output": (
        lambda path: one(path, helper.make_node("Unsqueeze", ["x", "axes"], ["y"]), ["n", 3, 1])
        and write(
            path, [helper.make_node("Unsqueeze", ["x", "axes"], ["y"])], [info("x", TensorProto.FLOAT, ["n", 3])],
            [info("y", TensorProto.FLOAT, ["n", 3, 1])], [(np.array([2]), "axes")],
        ),
        "has 3 dimensions; expected a value per row, or a list",
        "two dimensions",
    ),
    "two outputs of numbers": (
        lambda path: write(
            path, [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])],
            [info("x", TensorProto.FLOAT, ["n", 3])],
            [info("y", TensorProto.FLOAT, ["n", 3]), info("z", TensorProto.FLOAT, ["n", 3])],
        ),
        "expected a label, or one tensor of numbers",
        "torch.cat",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_onnx_models_get_an_export_hint(kind, tmp_path):
    make, said, remedy = REFUSED[kind]
    with pytest.raises(IrisModelError, match=said) as caught:
        describe_onnx(make(tmp_path / "m.onnx"))
    assert remedy in caught.value.remedy


def test_argmax_over_the_columns_is_a_label(tmp_path):
    path = one(
        tmp_path / "m.onnx", helper.make_node("ArgMax", ["x"], ["y"], axis=1, keepdims=0), ["n"], TensorProto.INT64
    )
    model = describe_here(path)
    assert model.predict([[1, 5, 2], [9, 1, 2]]) == [1, 0]

"""Exported networks, compiled and run by the engine, against onnxruntime asked directly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel, native
from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.engine.operators.networks import activations, running
from iris_model.errors import ParityError, UnsupportedModel
from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from iris_model.runtime.model import Model
from tests.support.spread import spread

EXPORTS = Path(__file__).parent / "exports"
FILES = sorted(EXPORTS.glob("*.onnx"))
RANDOM = np.random.RandomState(5)


@pytest.fixture(scope="module")
def compiled():
    """Each stored network, compiled once."""
    made = {}

    def get(path: Path):
        if path.name not in made:
            data = path.with_suffix(".csv")
            made[path.name] = compile_model(path, data if data.exists() else None)
        return made[path.name]

    return get


def opened(compilation, directory: Path) -> CompiledModel:
    path = directory / "m.safetensors"
    path.write_bytes(compilation.data)
    return CompiledModel(str(path))


# What a network adds up, if it is not around 1: the log likelihoods of naive Bayes are tens.
ADDED_UP = {"sklearn_bayes": 50.0}


def rows_for(signature) -> list[list[object]]:
    """The same rows for the same signature, whichever tests ran before."""
    columns = signature["columns"]
    random = np.random.RandomState(5)
    table = random.normal(size=(100, len(columns))).round(4).tolist()
    if len(columns) == 4:
        # Of the size of iris.
        table = random.uniform([4, 2, 1, 0], [8, 4.5, 7, 2.5], size=(100, 4)).round(2).tolist()
    return [[_cell(cell, column, random) for cell, column in zip(row, columns)] for row in table]


def _cell(cell: float, column, random: np.random.RandomState) -> object:
    if column["kind"] == "text":
        return "xyz"[random.randint(3)]
    return float(random.randint(7)) if column["name"] in ("kind", "place", "count") else cell


CELLS = {"tensor(int64)": np.int64, "tensor(string)": object}


def directly(path: Path, rows: list[list[object]]) -> list:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds, place = {}, 0
    for item in session.get_inputs():
        width = item.shape[1] if len(item.shape) > 1 else 1
        part = np.array([row[place : place + width] for row in rows], CELLS.get(item.type, np.float32))
        feeds[item.name] = part if len(item.shape) > 1 else part[:, 0]
        place += width
    found = session.run(None, feeds)
    # The dictionaries of a ZipMap, in the order of the classes.
    return [np.array([list(row.values()) for row in one]) if isinstance(one, list) else one for one in found]


def assert_equal(answers, wanted: np.ndarray, size: float = 1.0) -> None:
    """Within 1e-6 of the value, or of what is added up in the network."""
    size = max(size, float(np.abs(wanted).max()))
    np.testing.assert_allclose(np.array(answers), wanted.reshape(np.shape(answers)), rtol=1e-6, atol=5e-7 * size)


@pytest.mark.parametrize("path", spread(FILES, 3), ids=lambda path: path.stem)
def test_answers_are_those_of_onnxruntime(path, compiled, tmp_path, monkeypatch):
    compilation = compiled(path)
    model = opened(compilation, tmp_path)
    rows = rows_for(compilation.signature)
    wanted = directly(path, rows)
    batch = model.predict(rows)
    if compilation.signature["task"] == "classifier":
        assert batch == wanted[0].ravel().tolist()
        if "predict_proba" in model.outputs:
            assert_equal(model.predict_proba(rows), wanted[1], ADDED_UP.get(path.stem, 1.0))
        assert [model.predict([row])[0] for row in rows[:20]] == batch[:20]
    else:
        assert_equal(batch, wanted[0])
        # One by one, and without kernels: at most the last bit of a float32 in a sum.
        np.testing.assert_allclose([model.predict([row])[0] for row in rows], batch, rtol=1e-6, atol=2e-7)
        monkeypatch.setattr(native, "_found", [None])
        np.testing.assert_allclose(opened(compilation, tmp_path).predict(rows[:20]), batch[:20], rtol=1e-6, atol=2e-7)


def test_stored_networks_are_small_and_of_both_exporters():
    assert sum(path.stat().st_size for path in FILES) < 400_000
    exporters = {"torch", "torchscript", "keras", "sklearn", "lightgbm", "xgboost"}
    assert {path.name.split("_")[0] for path in FILES} == exporters


def test_thresholds_of_trees_are_reached(compiled):
    for name in ("sklearn_forest", "sklearn_boosting", "lightgbm_classes", "xgboost_classes", "sklearn_tree_regressor"):
        report = compiled(EXPORTS / f"{name}.onnx").report
        assert report.thresholds_total > 5 and report.thresholds_are_met


def test_a_step_that_fills_missing_cells_takes_them(compiled, tmp_path):
    path = EXPORTS / "sklearn_imputed.onnx"
    model = opened(compiled(path), tmp_path)
    assert [column["missing"] for column in compiled(path).signature["columns"]] == [True] * 4
    row = [5.1, None, 1.4, 0.2]
    wanted = directly(path, [[np.nan if cell is None else cell for cell in row]])[0]
    assert_equal(model.predict([row]), wanted)
    # Trees of scikit-learn were trained without missing cells.
    assert not any(column["missing"] for column in compiled(EXPORTS / "sklearn_forest.onnx").signature["columns"])


@pytest.mark.parametrize(
    "name",
    spread(
        [
            "torch_embeddings.onnx",
            "torchscript_convolution.onnx",
            "torch_gru.onnx",
            "keras_dense.onnx",
            "sklearn_columns.onnx",
        ],
        4,
        start=2,
    ),
)
def test_from_init_to_an_answer_of_the_packaged_function(name, tmp_path, monkeypatch):
    monkeypatch.setenv("IRIS_MODEL_CACHE", str(tmp_path / "cache"))
    path = EXPORTS / name
    made = scaffold_model_project(tmp_path / "project", path)
    assert made.executor == "compiled"
    # It is needed where the model is compiled, not where it answers.
    lines = (tmp_path / "project" / "requirements.txt").read_text().splitlines()
    assert [line.partition("=")[0] for line in lines if line.strip() and not line.startswith("#")] == ["onnxruntime"]
    packaged = package_project(tmp_path / "project")
    described = json.loads((packaged.directory / "function.json").read_text())
    assert described["executor"] == "compiled"
    assert packaged.needs == ()
    assert not [file for file in described["files"] if file.endswith(".onnx")]
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(packaged.directory))
    model = Model.load(path.stem)
    row = rows_for(model.signature)[0]
    answer = model.answer(dict(zip([column["name"] for column in model.signature["columns"]], row))) if (
        model.signature["named"]
    ) else model.answer({"instances": [row]})  # fmt: skip
    found = answer.get("prediction", answer.get("predictions", [None])[0])
    assert_equal(found, directly(path, [row])[0][0])


def test_a_row_beyond_an_embedding_is_refused_by_its_number(compiled, tmp_path):
    model = opened(compiled(EXPORTS / "torch_embeddings.onnx"), tmp_path)
    good = [1.0, 2.0, 0.1, 0.2, 0.3, 0.4]
    with pytest.raises(InvalidInput, match=r"row 1: the index 12 is not in a table of 12 entries") as caught:
        model.predict([good, [12.0, *good[1:]]])
    assert caught.value.row == 1
    with pytest.raises(InvalidInput, match=r"row 0, feature 'kind': the value is 1\.5; expected a whole number"):
        model.predict([[1.5, *good[1:]]])


def write(path: Path, nodes, outputs, constants=(), width: int = 6, opset: int = 17, rows: object = "n", **options):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, width])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs],
        [numpy_helper.from_array(*each) for each in constants],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save_model(model, path, **options)
    return path


SHAPED = {
    "softmax of opset 11": (11, [helper.make_node("Softmax", ["x"], ["y"])], ()),
    "softmax of opset 13": (13, [helper.make_node("Softmax", ["x"], ["y"], axis=-1)], ()),
    "squeeze of opset 11": (
        11,
        [
            helper.make_node("Unsqueeze", ["x"], ["u"], axes=[1]),
            helper.make_node("ReduceSum", ["u"], ["r"], axes=[1], keepdims=1),
            helper.make_node("Squeeze", ["r"], ["y"], axes=[1]),
        ],
        (),
    ),
    "split, clip, minimum": (
        13,
        [
            helper.make_node("Split", ["x"], ["a", "b"], axis=1),
            helper.make_node("Clip", ["a", "low", "high"], ["c"]),
            helper.make_node("Min", ["b", "c"], ["y"]),
        ],
        ((np.float32(-0.5), "low"), (np.float32(1.5), "high")),
    ),
    "slice and shape of a batch": (
        17,
        [
            helper.make_node("Shape", ["x"], ["s"], start=0, end=1),
            helper.make_node("Concat", ["s", "rest"], ["t"], axis=0),
            helper.make_node("Reshape", ["x", "t"], ["u"]),
            helper.make_node("Slice", ["u", "from", "to", "along", "step"], ["v"]),
            helper.make_node("Flatten", ["v"], ["y"]),
        ],
        (
            (np.array([2, 3]), "rest"), (np.array([2]), "from"), (np.array([-100]), "to"), (np.array([2]), "along"),
            (np.array([-1]), "step"),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPED)
def test_older_and_newer_forms_of_operators(name, tmp_path):
    opset, nodes, constants = SHAPED[name]
    path = write(tmp_path / "m.onnx", nodes, [("y", TensorProto.FLOAT)], constants, opset=opset)
    model = opened(compile_model(path), tmp_path)
    rows = RANDOM.normal(size=(40, 6)).tolist()
    np.testing.assert_allclose(model.predict(rows), directly(path, rows)[0], rtol=1e-6, atol=1e-7)


def test_weights_in_another_file_and_a_batch_of_one(tmp_path):
    weights = RANDOM.normal(size=(6, 3)).astype(np.float32)
    nodes = [helper.make_node("Reshape", ["x", "flat"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["m"]),
             helper.make_node("Reshape", ["m", "back"], ["y"])]  # fmt: skip
    path = write(
        tmp_path / "m.onnx", nodes, [("y", TensorProto.FLOAT)],
        ((weights, "w"), (np.array([6]), "flat"), (np.array([1, 3]), "back")), rows=1,
        save_as_external_data=True, location="m.data", size_threshold=100,
    )  # fmt: skip
    model = opened(compile_model(path), tmp_path)
    rows = RANDOM.normal(size=(5, 6)).astype(np.float32)
    np.testing.assert_allclose(model.predict(rows.astype(float).tolist()), rows @ weights, rtol=1e-6, atol=1e-6)


def test_an_unsupported_operator_is_named(tmp_path):
    nodes = [helper.make_node("Einsum", ["x"], ["e"], equation="ij->ij"), helper.make_node("Relu", ["e"], ["y"])]
    path = write(tmp_path / "m.onnx", nodes, [("y", TensorProto.FLOAT)])
    with pytest.raises(UnsupportedModel) as caught:
        compile_model(path)
    assert caught.value.reasons == ("m.onnx: the operator Einsum is not compiled",)
    assert "onnxruntime" in caught.value.remedy


def test_a_wrong_step_is_found(tmp_path, monkeypatch):
    nodes = [helper.make_node("Softplus", ["x"], ["y"])]
    path = write(tmp_path / "m.onnx", nodes, [("y", TensorProto.FLOAT)])
    compile_model(path)
    wrong = activations._unary(lambda value: activations.softplus(value) + 2e-6)
    monkeypatch.setitem(activations.FUNCTIONS, "Softplus", wrong)
    with pytest.raises(ParityError, match="onnxruntime says"):
        compile_model(path)


def test_a_program_that_is_damaged_is_refused(tmp_path):
    feeds = [[0, "float32", 2, [2]]]
    for steps, constants in (
        ([["NoSuchStep", [0], [1], {}]], []),
        ([["Relu", [0], [1], {}]], [[2, "f", 0, [1 << 40]]]),
        ([["Expand", [0, 2], [1], {}]], [[2, "q", 0, [2]]]),
    ):
        with pytest.raises(ModelFormatError):
            running.run_network(
                [[1.0, 2.0]], steps=steps, feeds=feeds, results=[1], names=["a", "b"], constants=constants,
                wholes=[1 << 40, 2],
            )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["torch_convolution.onnx", "torchscript_gru.onnx", "sklearn_forest.onnx", "torch_embeddings.onnx"]
)
def test_a_damaged_network_is_an_answer_or_a_clear_error(name, compiled, tmp_path):
    """Numbers of the graph are replaced: never another error, never a value without limit."""
    data = compiled(EXPORTS / name).data
    length = int.from_bytes(data[:8], "little")
    header, random = json.loads(data[8 : 8 + length]), np.random.RandomState(0)
    rows = rows_for(compiled(EXPORTS / name).signature)[:2]
    outcomes = set()
    for _ in range(60):
        graph = json.loads(header["__metadata__"]["graph"])
        steps = graph["nodes"][0]["attributes"]
        for _ in range(random.randint(1, 4)):
            _damage(steps["steps"] if random.randint(3) else steps["constants"], random)
        text = json.dumps({**header, "__metadata__": {**header["__metadata__"], "graph": json.dumps(graph)}}).encode()
        text += b" " * (-len(text) % 8)
        path = tmp_path / "damaged.safetensors"
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
        try:
            CompiledModel(str(path)).predict(rows)
            outcomes.add("answered")
        except (ModelFormatError, InvalidInput):
            outcomes.add("refused")
    assert outcomes == {"answered", "refused"}


def _damage(part, random) -> None:
    """Replace one number, text or list somewhere inside by another value."""
    values = [0, -1, 1, 3, 1 << 20, 1 << 40, -(1 << 40), 0.5, "x", None, [], [1 << 33, 2], {"array": 99}]
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        if not keys:
            return
        key = keys[random.randint(len(keys))]
        inner = part[key]
        if isinstance(inner, (dict, list)) and inner and random.randint(6):
            part = inner
            continue
        part[key] = values[random.randint(len(values))]
        return

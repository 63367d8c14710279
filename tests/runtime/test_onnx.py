"""ONNX models, described when packaged and served by onnxruntime: against onnxruntime asked directly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from iris_model.compiler import describe_onnx
from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.errors import ModelFileError, UnsupportedModel
from iris_model.runtime.executors.onnx import OnnxModel
from iris_model.runtime.model import Model

X = np.random.RandomState(0).normal(size=(60, 3)).astype(np.float32)
TEXTS = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
ROWS = X[:9].astype(float).tolist()


def export(directory: Path, estimator, *, zipmap: bool = True) -> Path:
    options = {id(estimator): {"zipmap": zipmap}} if hasattr(estimator, "predict_proba") else None
    path = directory / "m.onnx"
    path.write_bytes(to_onnx(estimator, X[:1], options=options).SerializeToString())
    return path


def describe(path: Path):
    """Describe the model as packaging does, and write the description next to it."""
    description = describe_onnx(path)
    content = {"signature": description.signature, "source": description.source}
    path.with_suffix(".signature.json").write_text(json.dumps(content))
    return description


def ask_directly(path: Path):
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: np.array(ROWS, np.float32)})


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("target", [TEXTS, NUMBERS], ids=["texts", "integers"])
@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), RandomForestClassifier(5, random_state=0)], ids=["linear", "forest"]
)
def test_labels_and_probabilities(estimator, target, zipmap, tmp_path):
    path = export(tmp_path, estimator.fit(X, target), zipmap=zipmap)
    description = describe(path)
    model = OnnxModel(str(path))
    labels, probabilities = ask_directly(path)
    assert description.signature["classes"] == estimator.classes_.tolist()
    assert model.evaluate(ROWS, ("predict",)) == [labels.tolist()]
    table = [list(row.values()) for row in probabilities] if zipmap else probabilities.tolist()
    assert model.evaluate(ROWS, ("predict_proba", "predict")) == [table, labels.tolist()]
    for entry in description.golden:
        answers = model.evaluate([entry["row"]], ("predict", "predict_proba"))
        assert answers[0] == [entry["outputs"]["predict"]]
        np.testing.assert_allclose(answers[1], [entry["outputs"]["predict_proba"]], rtol=1e-5)


def test_a_regressor_answers_numbers(tmp_path):
    path = export(tmp_path, LinearRegression().fit(X, X @ [1.0, 2.0, 3.0]))
    assert describe(path).signature["task"] == "regressor"
    assert OnnxModel(str(path)).evaluate(ROWS, ("predict",)) == [ask_directly(path)[0].ravel().tolist()]


def test_decisions_are_not_called_probabilities(tmp_path):
    path = export(tmp_path, LinearSVC().fit(X, TEXTS))
    signature = describe(path).signature
    assert set(signature["outputs"]) == {"predict"}
    assert OnnxModel(str(path)).evaluate(ROWS, ("predict",)) == [ask_directly(path)[0].tolist()]


def test_one_input_per_column_has_names_and_types(tmp_path):
    import pandas

    frame = pandas.DataFrame({"size": X[:, 0], "kind": TEXTS, "count": NUMBERS})
    columns = make_column_transformer((StandardScaler(), ["size", "count"]), (OneHotEncoder(), ["kind"]))
    estimator = make_pipeline(columns, LogisticRegression()).fit(frame, TEXTS)
    types = [("size", FloatTensorType([None, 1])), ("kind", StringTensorType([None, 1]))]
    types.append(("count", Int64TensorType([None, 1])))
    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(estimator, initial_types=types).SerializeToString())
    # onnxruntime refuses a text that the encoder does not know, so rows are needed.
    data = tmp_path / "rows.csv"
    data.write_text("size,kind,count\n1.5,yes,2\n-1,no,1\n")
    with pytest.raises(UnsupportedModel) as caught:
        describe_onnx(path)
    assert "data in iris-model.toml" in caught.value.remedy
    description = describe_onnx(path, data)
    found = [(column["name"], column["kind"], column["dtype"]) for column in description.signature["columns"]]
    assert found == [("size", "numeric", "float32"), ("kind", "text", "object"), ("count", "numeric", "float64")]
    content = {"signature": description.signature, "source": description.source}
    path.with_suffix(".signature.json").write_text(json.dumps(content))
    answers = OnnxModel(str(path)).evaluate([[1.5, "yes", 2], [-1, "no", 1]], ("predict",))
    assert answers == [["yes", "no"]] == [[entry["outputs"]["predict"] for entry in description.golden]]
    with pytest.raises(InvalidInput, match=r"row 1: the model does not take it: .+") as caught:
        OnnxModel(str(path)).evaluate([[1.5, "yes", 2], [-1, "perhaps", 1]], ("predict",))
    assert caught.value.row == 1 and "\n" not in str(caught.value)


def test_whole_numbers_stay_whole(tmp_path):
    path = tmp_path / "m.onnx"
    estimator = LogisticRegression().fit(X, TEXTS)
    path.write_bytes(to_onnx(estimator, initial_types=[("rows", Int64TensorType([None, 3]))]).SerializeToString())
    describe(path)
    model = OnnxModel(str(path))
    assert len(model.evaluate([[1, 2.0, 3]], ("predict",))[0]) == 1
    with pytest.raises(InvalidInput, match=r"feature 'x1': the value is 2\.5; expected a whole number"):
        model.evaluate([[1, 2.5, 3]], ("predict",))


def test_bad_rows_are_refused_as_everywhere(tmp_path):
    path = export(tmp_path, LinearRegression().fit(X, NUMBERS))
    describe(path)
    with pytest.raises(InvalidInput, match="expected a list of 3 values"):
        OnnxModel(str(path)).evaluate([[1.0]], ("predict",))
    with pytest.raises(InvalidInput, match="too large for float32"):
        OnnxModel(str(path)).evaluate([[1e39, 0, 0]], ("predict",))


def test_the_model_is_found_by_its_name(tmp_path, monkeypatch):
    path = export(tmp_path, LogisticRegression().fit(X, TEXTS))
    describe(path)
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    model = Model.load("m")
    assert (model.executor, model.classes) == ("onnxruntime", ["no", "yes"])
    assert model.answer({"instances": ROWS})["predictions"]


def test_missing_and_damaged_files_are_reported(tmp_path):
    path = export(tmp_path, LinearRegression().fit(X, NUMBERS))
    with pytest.raises(ModelFormatError, match="run iris-model package again"):
        OnnxModel(str(path))
    describe(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelFormatError, match="export it again"):
        OnnxModel(str(path))
    with pytest.raises(ModelFileError, match="cannot open it"):
        describe_onnx(path)


def test_without_onnxruntime_the_hint_installs_it(tmp_path):
    path = export(tmp_path, LinearRegression().fit(X, NUMBERS))
    describe(path)
    source = Path(__file__).parents[2] / "src"
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from iris_model.runtime.executors.onnx import OnnxModel; OnnxModel(sys.argv[2])"
    )
    # -S: no site-packages, so no onnxruntime.
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program, source, path], capture_output=True, text=True, check=False
    )
    assert "it needs onnxruntime: name it in requirements.txt" in ended.stderr

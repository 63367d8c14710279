"""Which executor serves a model: real models, whose files are checked against the estimator itself."""

from __future__ import annotations

import json
import pickle
import shutil
from functools import cache
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from iris_model.errors import IrisModelError, ProjectError, UnsupportedModel, UntrustedModel
from iris_model.project.configuration.settings import parse_settings
from iris_model.project.packaging.executors import Executable, choose_executable, installed_size_mb
from tests.support.squarer import Squarer

IRIS = Path(__file__).parents[2] / "examples/iris"
SQUARER = Path(__file__).parents[1] / "support/squarer.py"
TRUST = ["my_squares.Squarer"]


def choose(directory: Path, model: str, **values: object) -> Executable:
    return choose_executable(parse_settings({"name": "n", "model": model, **values}, directory))


@cache
def choose_iris(**values: object) -> Executable:
    """Of a model that stays as it is; each way of choosing is tried once."""
    return choose(IRIS, "iris_trained_model.pkl", **values)


@pytest.fixture
def squarer(tmp_path: Path) -> Path:
    """A model file and the module of its class, as a script next to my_squares.py would have written it."""
    shutil.copyfile(SQUARER, tmp_path / "my_squares.py")
    pickled = pickle.dumps(Squarer(), protocol=2).replace(b"tests.support.squarer", b"my_squares")
    (tmp_path / "squarer.pkl").write_bytes(pickled)
    return tmp_path


def test_auto_selects_compiled_if_possible():
    chosen = choose_iris()
    assert (chosen.executor, chosen.model, chosen.needs) == ("compiled", "iris_trained_model.safetensors", ())
    assert "is equal to the original: " in chosen.reason
    assert " rows compared" in chosen.reason


@pytest.mark.parametrize("executor", ["compiled", pytest.param("original", marks=pytest.mark.slow)])
def test_golden_rows_are_answers_of_the_estimator(executor: str):
    estimator = pickle.loads((IRIS / "iris_trained_model.pkl").read_bytes())
    golden = choose_iris(executor=executor, data="iris.csv").golden
    assert len(golden) == 16
    rows = [entry["row"] for entry in golden]
    assert [entry["outputs"]["predict"] for entry in golden] == estimator.predict(rows).tolist()
    assert [entry["outputs"]["predict_proba"] for entry in golden] == estimator.predict_proba(rows).tolist()
    assert {entry["outputs"]["predict"] for entry in golden} == {"setosa", "versicolor", "virginica"}


def test_the_original_on_request_has_its_file_its_signature_and_its_price():
    chosen = choose_iris(executor="original")
    assert set(chosen.files) == {"iris_trained_model.pkl", "iris_trained_model.signature.json"}
    assert chosen.needs == ("scikit-learn",)
    assert "MB for scikit-learn" in chosen.reason
    assert "cold start" in chosen.reason


def test_a_library_that_is_installed_under_another_name_has_its_size():
    assert installed_size_mb("xgboost") > 5


@pytest.mark.slow
def test_both_executors_describe_the_model_alike():
    compiled = choose_iris(executor="compiled", data="iris.csv")
    original = choose_iris(executor="original", data="iris.csv")
    for key in ("task", "classes", "named", "outputs"):
        assert compiled.signature[key] == original.signature[key]
    for key in ("name", "kind", "dtype", "missing"):
        assert [c[key] for c in compiled.signature["columns"]] == [c[key] for c in original.signature["columns"]]
    for key in ("library", "version", "class", "sha256", "tool"):
        assert compiled.source[key] == original.source[key]


def test_auto_selects_original_with_the_reason(squarer: Path):
    chosen = choose(squarer, "squarer.pkl", trust=TRUST)
    assert chosen.executor == "original"
    assert "Squarer: no converter supports this class" in chosen.reason
    assert chosen.signature["task"] == "regressor"
    assert [column["missing"] for column in chosen.signature["columns"]] == [False, False]
    (entry, *_) = chosen.golden
    assert entry["outputs"]["predict"] == pytest.approx(sum(cell**2 for cell in entry["row"]), rel=1e-15)


def test_compiled_only_means_compiled_only(squarer: Path):
    with pytest.raises(UnsupportedModel, match="no converter supports this class"):
        choose(squarer, "squarer.pkl", trust=TRUST, executor="compiled")


def test_an_untrusted_name_is_refused_by_every_executor(squarer: Path):
    for executor in ("auto", "compiled", "original"):
        with pytest.raises(UntrustedModel, match=r"--trust|trust"):
            choose(squarer, "squarer.pkl", executor=executor)


def test_a_trusted_class_is_found_in_the_project(squarer: Path):
    assert choose(squarer, "squarer.pkl", trust=TRUST).executor == "original"


def test_an_unpackaged_module_is_found_before_the_first_request(tmp_path: Path):
    """Importable here because of where pytest runs; not in /var/task."""
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Squarer()))
    with pytest.raises(ProjectError, match=r"not in a process like that of the function: .*No module named 'tests'"):
        choose(tmp_path, "m.pkl", trust=["tests.support.squarer.Squarer"])


def test_a_trusted_name_whose_module_is_missing(squarer: Path):
    with pytest.raises(
        ProjectError, match=r"no module my_lost_steps in .*, and none is installed\nPut my_lost_steps\.py"
    ):
        choose(squarer, "squarer.pkl", trust=[*TRUST, "my_lost_steps.Square"])


def test_a_model_that_no_executor_serves_is_refused_with_both_reasons(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(LogisticRegression()))
    with pytest.raises(UnsupportedModel, match="it is not fitted; call fit before saving it") as caught:
        choose(tmp_path, "m.pkl")
    assert "IrisModelError" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"model": LogisticRegression(), "columns": ["a"]},
            r"it contains 'model' \(LogisticRegression\), 'columns' \(list\)",
        ),
        ((StandardScaler(), LogisticRegression()), "it contains StandardScaler, LogisticRegression"),
        ([], "it is empty"),
    ],
)
def test_a_model_in_a_container_is_named(tmp_path: Path, content: object, said: str):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(UnsupportedModel, match=rf"has neither predict nor transform; {said}") as caught:
        choose(tmp_path, "m.pkl")
    assert "into a Pipeline" in caught.value.remedy


@pytest.mark.parametrize(
    ("model", "executor", "expected"),
    [
        ("m.onnx", "original", "only ONNX models can use the executor onnxruntime, and they cannot use original"),
        ("m.pkl", "onnxruntime", "only ONNX models can use the executor onnxruntime"),
        ("m.safetensors", "auto", "is a compiled model"),
    ],
)
def test_unsupported_files_are_refused_in_one_sentence(tmp_path: Path, model: str, executor: str, expected: str):
    # What only its suffix tells.
    (tmp_path / model).write_bytes(b"x")
    with pytest.raises(ProjectError, match=expected):
        choose(tmp_path, model, executor=executor)


def test_a_damaged_model_file_is_one_clear_message(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes((IRIS / "iris_trained_model.pkl").read_bytes()[:300])
    with pytest.raises(IrisModelError) as caught:
        choose(tmp_path, "m.pkl")
    assert str(tmp_path / "m.pkl") in str(caught.value)


def test_an_installed_size_counts_what_is_required_too():
    assert installed_size_mb("scikit-learn") > installed_size_mb("numpy") > 1
    assert installed_size_mb("there-is-no-such-distribution") == 0


def test_the_signature_file_is_what_the_runtime_reads():
    content = choose_iris(executor="original").files["iris_trained_model.signature.json"]
    assert isinstance(content, bytes)
    assert set(json.loads(content)) == {"signature", "source"}


def test_an_onnx_file_is_served_by_onnxruntime_on_request_and_says_what_it_costs(tmp_path: Path):
    import numpy as np
    from skl2onnx import to_onnx

    estimator = pickle.loads((IRIS / "iris_trained_model.pkl").read_bytes())
    (tmp_path / "m.onnx").write_bytes(to_onnx(estimator, np.zeros((1, 4), np.float32)).SerializeToString())
    chosen = choose(tmp_path, "m.onnx", executor="onnxruntime")
    assert (chosen.executor, chosen.model, chosen.needs) == ("onnxruntime", "m.onnx", ("onnxruntime",))
    assert "MB to the image" in chosen.reason
    assert set(chosen.files) == {"m.onnx", "m.signature.json"}
    assert chosen.signature["classes"] == estimator.classes_.tolist()
    assert chosen.golden

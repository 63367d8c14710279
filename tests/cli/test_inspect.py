"""`iris-model inspect` of every format that `init` takes: steps, columns, classes, trees, versions."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnxruntime
import pytest
import skops.io
import xgboost
from catboost import CatBoostClassifier
from skl2onnx import to_onnx
from sklearn.decomposition import DictionaryLearning
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tests.cli.test_commands import run

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.where(X[:, 0] > 0, 1, 0)


def inspect(path: Path) -> Any:
    result = run("inspect", path, "--open", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def write_catboost(path: Path) -> None:
    CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(X, Y).save_model(str(path))


def write_mlflow(path: Path) -> None:
    path.mkdir()
    (path / "model.pkl").write_bytes(pickle.dumps(make_pipeline(StandardScaler(), SVC()).fit(X, Y)))
    (path / "MLmodel").write_text(
        "flavors:\n  sklearn:\n    pickled_model: model.pkl\n    serialization_format: pickle\n    sklearn_version: 1.9.1\n"
    )


WRITERS: dict[str, Any] = {
    "m.ubj": lambda path: xgboost.XGBClassifier(n_estimators=3).fit(X, Y).save_model(path),
    "m.json": lambda path: xgboost.XGBClassifier(n_estimators=3).fit(X, Y).save_model(path),
    "m.txt": lambda path: lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, Y).booster_.save_model(path),
    "m.cbm": write_catboost,
    "m.skops": lambda path: skops.io.dump(RandomForestClassifier(3).fit(X, Y), path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_trees_of_each_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = inspect(tmp_path / name)
    inside = found["inside"]
    assert "problem" not in inside
    assert (inside["trees"], len(inside["columns"]), inside["reasons"]) == (3, 3, [])
    assert inside["tree_nodes"] >= 9
    assert inside["compiled_bytes"] > 0
    assert all(step["compiles"] for step in inside["steps"])
    assert found["versions"]
    assert found["class"]
    assert found["outlook"].startswith("yes")


def test_onnx(tmp_path: Path) -> None:
    model = to_onnx(make_pipeline(StandardScaler(), SVC()).fit(X, Y), X[:1].astype(np.float32))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    found = inspect(tmp_path / "m.onnx")
    assert len(found["inside"]["columns"]) == 3
    assert "predict" in found["inside"]["outputs"]
    assert found["class"] == "ONNX model by skl2onnx"
    assert found["versions"] == {"onnxruntime": [onnxruntime.__version__]}
    text = run("inspect", tmp_path / "m.onnx", "--open").output
    assert f"class     ONNX model by skl2onnx, opened with onnxruntime {onnxruntime.__version__}\n" in text


def test_mlflow(tmp_path: Path) -> None:
    write_mlflow(tmp_path / "model")
    inside = inspect(tmp_path / "model")["inside"]
    assert [step["class"].rpartition(".")[2] for step in inside["steps"]] == ["Pipeline", "StandardScaler", "SVC"]


def test_the_step_that_does_not_compile(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), DictionaryLearning(2, max_iter=5, transform_algorithm="lars"), SVC()).fit(
        X, Y
    )
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
    inside = inspect(tmp_path / "m.pkl")["inside"]
    refused = {step["class"].rpartition(".")[2]: step["compiles"] for step in inside["steps"]}
    assert refused["StandardScaler"]
    assert not refused["DictionaryLearning"]
    text = run("inspect", tmp_path / "m.pkl", "--open").output
    assert "  DictionaryLearning " in text
    assert "compile   no: " in text


def test_nothing_is_opened_without_need(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(NearestNeighbors().fit(X)))
    assert (
        "--no-open" in json.loads(run("inspect", tmp_path / "m.pkl", "--no-open", "--json").stdout)["inside"]["problem"]
    )
    found = json.loads(run("inspect", tmp_path / "m.pkl", "--trust", "mine.Step", "--open", "--json").stdout)
    assert "code of the names in --trust" in found["inside"]["problem"]

"""Every kind of file that `init` accepts is opened by the function: against the library that wrote it, asked directly."""

from __future__ import annotations

import bz2
import gzip
import pickle
from pathlib import Path

import catboost
import joblib
import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import parse_settings
from iris_model.project.packaging.executors import Executable, choose_executable
from iris_model.runtime.model import Model

X = np.random.RandomState(0).normal(size=(120, 3)).round(3)
Y = (X[:, 0] > 0).astype(int)
ROWS = X[:7].tolist()
FRAME = pd.DataFrame({"x": X[:, 0], "city": np.random.RandomState(1).choice(["ber", "par", "rom"], 120)})

SCIKIT = LogisticRegression().fit(X, Y)
BOOSTED = xgboost.XGBRegressor(n_estimators=5, max_depth=3).fit(X, X[:, 0] * X[:, 1])
CAT = catboost.CatBoostRegressor(iterations=5, verbose=False, allow_writing_files=False, cat_features=["city"])
CAT.fit(FRAME, FRAME.x + (FRAME.city == "ber"))
LIGHT = lightgbm.train({"verbose": -1, "min_data_in_leaf": 2}, lightgbm.Dataset(X, X[:, 0] * X[:, 1]), 5)


def save_xgboost(path: Path) -> None:
    BOOSTED.save_model(path)


WRITERS = {
    "joblib in m.pkl": ("m.pkl", lambda path: joblib.dump(SCIKIT, path), SCIKIT, "joblib"),
    "pickle in m.joblib": ("m.joblib", lambda path: path.write_bytes(pickle.dumps(SCIKIT)), SCIKIT, "pickle"),
    "compressed joblib": ("m.sav", lambda path: joblib.dump(SCIKIT, path, compress=3), SCIKIT, "joblib"),
    "gzip": ("m.pickle.gz", lambda path: path.write_bytes(gzip.compress(pickle.dumps(SCIKIT))), SCIKIT, "pickle"),
    "bz2": ("m", lambda path: path.write_bytes(bz2.compress(pickle.dumps(SCIKIT))), SCIKIT, "pickle"),
    "skops": ("m.skops", lambda path: skops.io.dump(SCIKIT, path), SCIKIT, "skops"),
    "xgboost json": ("m.json", save_xgboost, BOOSTED, "xgboost"),
    "xgboost ubj": ("m.ubj", save_xgboost, BOOSTED, "xgboost"),
    "xgboost ubj in m.model": (
        "m.model",
        lambda path: path.write_bytes(BOOSTED.get_booster().save_raw("ubj")),
        BOOSTED,
        "xgboost",
    ),
    "a pickled booster": ("m.pkl", lambda path: path.write_bytes(pickle.dumps(BOOSTED.get_booster())), BOOSTED, "pickle"),
    "lightgbm": ("m.txt", lambda path: LIGHT.save_model(path), LIGHT, "lightgbm"),
    "a pickled booster of lightgbm": ("m.pkl", lambda path: path.write_bytes(pickle.dumps(LIGHT)), LIGHT, "pickle"),
    "catboost": ("m.cbm", lambda path: CAT.save_model(str(path)), CAT, "catboost"),
}  # fmt: skip


def choose(path: Path, **values: object) -> Executable:
    return choose_executable(parse_settings({"name": "n", "model": path.name, **values}, path.parent))


def load(path: Path, executable: Executable, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """The model as the function has it: the executable's files in a directory, found by the name in app.py."""
    directory.mkdir()
    for name, content in executable.files.items():
        (directory / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(directory))
    return Model.load(path.stem)


# Each starts a process that imports the library; of every kind together only in `make e2e`.
QUICK = ("lightgbm",)


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in WRITERS]
)
def test_the_function_opens_what_init_accepts(kind, tmp_path, monkeypatch):
    name, write, judge, opener = WRITERS[kind]
    path = tmp_path / name
    write(path)
    if judge is CAT:
        FRAME.head(20).to_csv(tmp_path / "rows.csv", index=False)
        executable = choose(path, executor="original", data="rows.csv")
        rows, wanted = FRAME.head(7).to_numpy().tolist(), CAT.predict(FRAME.head(7))
    else:
        executable = choose(path, executor="original")
        rows, wanted = ROWS, judge.predict(X[:7])
    assert (executable.source["file"], executable.source["format"]) == (name, opener)
    model = load(path, executable, tmp_path / "function", monkeypatch)
    assert model.executor == "original"
    assert model.predict(rows) == pytest.approx(wanted.tolist(), rel=1e-12)


@pytest.mark.parametrize(("executor", "chosen"), [("auto", "compiled"), ("onnxruntime", "onnxruntime")])
def test_an_onnx_model_of_any_name(executor, chosen, tmp_path, monkeypatch):
    path = tmp_path / "m.model"
    path.write_bytes(to_onnx(SCIKIT, X[:1].astype(np.float32)).SerializeToString())
    model = load(path, choose(path, executor=executor), tmp_path / "function", monkeypatch)
    assert model.executor == chosen
    assert model.predict(ROWS) == SCIKIT.predict(X[:7]).tolist()


def test_a_model_that_answers_otherwise_in_another_process_is_refused(tmp_path):
    (tmp_path / "restless.py").write_text(
        "import os\nimport numpy as np\n"
        "class Restless:\n    n_features_in_ = 2\n"
        "    def predict(self, rows):\n        return np.asarray(rows)[:, 0] * 0 + os.getpid()\n"
    )
    (tmp_path / "m.pkl").write_bytes(b"\x80\x02crestless\nRestless\n)\x81.")
    with pytest.raises(ProjectError, match="in a process like that of the function, but"):
        choose(tmp_path / "m.pkl", trust=["restless.Restless"])


def test_a_model_with_the_name_of_one_of_our_files(tmp_path):
    path = tmp_path / "golden.json"
    BOOSTED.save_model(path)
    with pytest.raises(ProjectError, match=r"golden\.json is a file name"):
        choose(path, executor="original")


@pytest.mark.slow
def test_a_transformer_is_opened_too(tmp_path, monkeypatch):
    path = tmp_path / "m.bin"
    path.write_bytes(pickle.dumps(StandardScaler().fit(X)))
    model = load(path, choose(path, executor="original"), tmp_path / "function", monkeypatch)
    assert np.allclose(model.transform(ROWS), StandardScaler().fit(X).transform(X[:7]))

"""What `requirements.txt` must name so that a model opens elsewhere: in the first stage of Docker, on another machine."""

import pickle
import subprocess
import sys
from importlib import metadata

import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from iris_model.compiler import compile_model, list_requirements
from tests.support.squarer import Squarer

random = np.random.RandomState(0)
X = random.normal(size=(40, 3))
Y = np.where(X[:, 0] > 0, "yes", "no")
FRAME = pd.DataFrame({"size": X[:, 0], "town": random.choice(["Rome", "Oslo"], 40)})


def names(path):
    compilation = compile_model(path)
    lines = list_requirements(path, compilation.source, compilation.signature)
    for line in lines:
        name, _, version = line.partition("==")
        assert metadata.version(name) == version
    return [line.partition("==")[0] for line in lines]


def write_pickle(tmp_path, model):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    return path


def test_a_model_of_arrays_needs_no_pandas(tmp_path):
    path = write_pickle(tmp_path, make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y))
    assert names(path) == ["scikit-learn", "numpy", "scipy"]


def test_a_model_of_a_frame_is_asked_with_frames(tmp_path):
    columns = make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough")
    path = write_pickle(tmp_path, make_pipeline(columns, LogisticRegression()).fit(FRAME, Y))
    assert names(path) == ["scikit-learn", "numpy", "scipy", "pandas"]


def test_every_library_in_an_ensemble(tmp_path):
    small = {"n_estimators": 3}
    members = [("x", xgboost.XGBClassifier(**small)), ("l", lightgbm.LGBMClassifier(**small, verbose=-1))]
    found = names(write_pickle(tmp_path, VotingClassifier(members).fit(X, Y)))
    assert found[0] == "scikit-learn"
    assert {"lightgbm", "numpy", "scipy"} < set(found)
    assert len({"xgboost", "xgboost-cpu"} & set(found)) == 1


def test_the_methods_of_a_booster_are_those_of_scikit_learn(tmp_path):
    path = tmp_path / "model.ubj"
    xgboost.XGBClassifier(n_estimators=3).fit(X, Y == "yes").save_model(path)
    assert "scikit-learn" in names(path)


def test_a_skops_file_needs_skops(tmp_path):
    path = tmp_path / "model.skops"
    skops.io.dump(LogisticRegression().fit(X, Y), path)
    assert "skops" in names(path)


def test_a_module_of_the_user_is_not_searched_in_an_index(tmp_path):
    path = write_pickle(tmp_path, {"first": StandardScaler().fit(X), "then": Squarer()})
    lines = list_requirements(path, {"library": "", "version": ""}, {"named": False})
    assert {line.partition("==")[0] for line in lines} == {"scikit-learn", "numpy", "scipy"}


WITHOUT_PANDAS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")

sys.meta_path.insert(0, Absent())
from iris_model.compiler import compile_model, describe_original
from iris_model.errors import IrisModelError

for do in (compile_model, describe_original):
    try:
        print(do(sys.argv[1]).signature["task"])
    except IrisModelError as error:
        print(type(error).__name__, error.problem)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            make_column_transformer((OneHotEncoder(), ["town"])),
            "ModelFileError the model was trained on a DataFrame, and pan",
        ),
        pytest.param(
            make_column_transformer((StandardScaler(), ["size"])),
            "ModelFileError the model was trained on a DataFrame, and pan",
            marks=pytest.mark.slow,
        ),
        pytest.param(StandardScaler(), "classifier", marks=pytest.mark.slow),
    ],
)
def test_a_model_of_a_frame_where_there_is_no_pandas(tmp_path, columns, said):
    seen = FRAME[["size"]] if isinstance(columns, StandardScaler) else FRAME
    path = write_pickle(tmp_path, make_pipeline(columns, LogisticRegression()).fit(seen, Y))
    command = [sys.executable, "-c", WITHOUT_PANDAS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert [line[: len(said)] for line in done.stdout.splitlines()] == [said] * 2, done.stdout + done.stderr

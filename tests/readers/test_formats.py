"""Model files that are no pickles, or hold one: skops, cloudpickle, MLflow model directories."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.errors import ModelFileError, UntrustedModel
from iris_model.readers import find_refused_globals, open_model, scan_pickle
from iris_model.readers.opening.mlflow import read_mapping
from tests.support.squarer import Squarer

X = np.random.RandomState(0).normal(size=(40, 3))
Y = np.where(X[:, 0] > 0, "yes", "no")
MODEL = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
SOURCE = Path(__file__).parents[2] / "src"

MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: {file}
    predict_fn: predict
    python_version: 3.11.9
  sklearn:
    code: null
    pickled_model: {file}
    serialization_format: cloudpickle
    sklearn_version: 1.9.1
mlflow_version: 3.1.0
model_uuid: 0123456789abcdef
signature:
  inputs: '[{{"type": "double", "name": "sepal length", "required": true}}, {{"type":
    "double", "name": "it''s", "required": true}}, {{"type": "double", "name": "width",
    "required": true}}]'
  outputs: '[{{"type": "string", "required": true}}]'
  params: null
utc_time_created: '2026-11-23 10:00:00.000000'
"""


def test_cloudpickle_opens(tmp_path):
    (tmp_path / "m.pkl").write_bytes(cloudpickle.dumps(MODEL))
    assert (open_model(tmp_path / "m.pkl").estimator.predict(X) == MODEL.predict(X)).all()


def test_a_function_in_a_cloudpickle_is_refused(tmp_path):
    MARK = tmp_path / "ran"
    (tmp_path / "m.pkl").write_bytes(cloudpickle.dumps(lambda: MARK.touch()))
    with pytest.raises(UntrustedModel, match="cloudpickle") as refused:
        open_model(tmp_path / "m.pkl")
    # To trust what builds functions would be to trust any code, and it would not open the file either.
    assert "--trust cloudpickle" not in refused.value.remedy
    assert "pass modules with your own functions and classes to --trust" in refused.value.remedy
    assert not MARK.exists()


@pytest.mark.parametrize(
    "estimator", [MODEL, RandomForestClassifier(3).fit(X, Y), HistGradientBoostingClassifier(max_iter=3).fit(X, Y)]
)
def test_skops_opens_and_compiles(estimator, tmp_path):
    skops.io.dump(estimator, tmp_path / "m.skops")
    opened = open_model(tmp_path / "m.skops")
    assert (opened.estimator.predict(X) == estimator.predict(X)).all()
    assert (opened.library, opened.version) == ("scikit-learn", sklearn.__version__)
    assert compile_model(tmp_path / "m.skops").source["sha256"] == opened.sha256


def test_a_skops_file_is_scanned_without_opening_it(tmp_path):
    skops.io.dump(MODEL, tmp_path / "m.skops")
    scan = scan_pickle(tmp_path / "m.skops")
    assert (scan.class_name, scan.versions) == ("sklearn.pipeline.Pipeline", {"scikit-learn": (sklearn.__version__,)})
    assert find_refused_globals(scan.globals) == []


def test_an_unknown_type_in_a_skops_file_is_refused_unless_trusted(tmp_path):
    skops.io.dump(Squarer(), tmp_path / "m.skops")
    with pytest.raises(UntrustedModel, match=r"tests\.support\.squarer\.Squarer"):
        open_model(tmp_path / "m.skops")
    opened = open_model(tmp_path / "m.skops", trust=["tests.support.squarer.Squarer"])
    assert isinstance(opened.estimator, Squarer)


def test_a_skops_file_of_another_version_says_which(tmp_path):
    skops.io.dump(MODEL, tmp_path / "m.skops")
    with zipfile.ZipFile(tmp_path / "m.skops") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["schema.json"] = files["schema.json"].replace(sklearn.__version__.encode(), b"1.4.2")
    with zipfile.ZipFile(tmp_path / "m.skops", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match=r"scikit-learn 1\.4\.2"):
        open_model(tmp_path / "m.skops")


def test_an_invalid_skops_file_is_reported(tmp_path):
    (tmp_path / "m.skops").write_bytes(b"no zip")
    with pytest.raises(ModelFileError, match="not a skops file"):
        open_model(tmp_path / "m.skops")


def test_content_decides_not_the_suffix(tmp_path):
    """A pickle called .skops is judged and opened as the pickle that it is."""
    (tmp_path / "m.skops").write_bytes(pickle.dumps(MODEL))
    assert (open_model(tmp_path / "m.skops").estimator.predict(X) == MODEL.predict(X)).all()
    skops.io.dump(MODEL, tmp_path / "m.pkl")
    assert (open_model(tmp_path / "m.pkl").estimator.predict(X) == MODEL.predict(X)).all()
    (tmp_path / "hostile.skops").write_bytes(cloudpickle.dumps(lambda: 1))
    with pytest.raises(UntrustedModel, match="cloudpickle"):
        open_model(tmp_path / "hostile.skops")


@pytest.mark.parametrize("file", ["model.pkl", "model.skops"])
def test_an_mlflow_directory_opens_with_its_column_names(file, tmp_path):
    (tmp_path / "MLmodel").write_text(MLMODEL.format(file=file))
    if file.endswith("skops"):
        skops.io.dump(MODEL, tmp_path / file)
    else:
        (tmp_path / file).write_bytes(cloudpickle.dumps(MODEL))
    names = ("sepal length", "it's", "width")
    assert open_model(tmp_path).names == open_model(tmp_path / file).names == names
    compilation = compile_model(tmp_path)
    assert [column["name"] for column in compilation.signature["columns"]] == list(names)
    assert compilation.source["class"] == "sklearn.pipeline.Pipeline"


@pytest.mark.parametrize("description", [MLMODEL.format(file="other.pkl"), "flavors:\n  prophet:\n    x: y\n"])
def test_an_mlmodel_file_of_another_model_is_ignored(description, tmp_path):
    (tmp_path / "MLmodel").write_text(description)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(MODEL))
    assert open_model(tmp_path / "model.pkl").names is None


def test_an_mlflow_directory_of_xgboost(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.XGBRegressor(n_estimators=3).fit(X, X[:, 0])
    booster.save_model(tmp_path / "model.ubj")
    (tmp_path / "MLmodel").write_text(
        MLMODEL.format(file="x").replace("  sklearn:", "  xgboost:\n    data: model.ubj\n  else:")
    )
    compilation = compile_model(tmp_path)
    assert [column["name"] for column in compilation.signature["columns"]] == ["sepal length", "it's", "width"]
    assert compilation.source["library"] == "xgboost"


def test_mlmodel_is_read_as_yaml_says():
    yaml = pytest.importorskip("yaml")
    text = MLMODEL.format(file="model.pkl")
    said, right = read_mapping(text), yaml.safe_load(text)
    assert json.loads(said["signature"]["inputs"]) == json.loads(right["signature"]["inputs"])
    for key in ("pickled_model", "sklearn_version", "serialization_format"):
        assert said["flavors"]["sklearn"][key] == right["flavors"]["sklearn"][key]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "without a file MLmodel"),
        ("flavors:\n  pytorch:\n    model_data: data\n", "has the flavors pytorch; expected one of sklearn"),
        ("flavors:\n  sklearn:\n    pickled_model: ../other.pkl\n", "outside its directory"),
        ("flavors:\n  sklearn:\n    pickled_model: gone.pkl\n", "no model file"),
    ],
)
def test_a_directory_that_is_no_model(text, expected, tmp_path):
    if text is not None:
        (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(ModelFileError, match=expected):
        open_model(tmp_path)


def test_a_missing_library_gives_the_install_command(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(MODEL))
    program = (
        "import sys; sys.path.append(sys.argv[1]); from iris_model.readers import open_model; open_model(sys.argv[2])"
    )
    # numpy alone, in its own directory: -S hides everything that is installed.
    packages = tmp_path / "packages"
    packages.mkdir()
    home = Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs"):
        if (home / name).exists():
            (packages / name).symlink_to(home / name)
    ended = subprocess.run(
        [sys.executable, "-S", "-c", program, SOURCE, tmp_path / "m.pkl"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(packages)},
    )
    assert f"was saved by scikit-learn {sklearn.__version__}, which is not installed here" in ended.stderr
    assert f"pip install scikit-learn=={sklearn.__version__}" in ended.stderr

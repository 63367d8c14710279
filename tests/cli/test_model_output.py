"""What `inspect`, `init` and `compile` print about a model file: what was compared, what could not be, and what to provide."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import xgboost
from click.testing import CliRunner, Result
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from iris_model.cli import cli
from tests.project.test_onnx_projects import apart

IRIS = Path(__file__).parents[2] / "examples" / "iris"
X = np.random.RandomState(0).normal(size=(300, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def trees(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("trees") / "m.pkl"
    model = make_pipeline(PCA(3), HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=4)).fit(X, Y)
    path.write_bytes(pickle.dumps(model))
    return path


def test_compile_and_init_count_rows_and_thresholds(trees, tmp_path):
    compiled = run("compile", trees, "-o", tmp_path / "m.safetensors")
    made = run("init", tmp_path / "p", "--model", trees)
    looked = run("inspect", tmp_path / "m.safetensors")
    for done in (compiled, made, looked):
        assert done.exit_code == 0, done.output
        assert re.search(r"\d+ of \d+ thresholds tried were reached", flat(done.output)), done.output
        assert re.search(r"\d+ rows", done.output)
    for done in (compiled, made):
        assert "All compared rows were generated. To compare your own rows too, give --data rows.csv" in flat(
            done.output
        )


def test_with_data_there_is_no_hint_about_data(tmp_path):
    model, data = IRIS / "iris_trained_model.pkl", IRIS / "iris.csv"
    for done in (
        run("compile", model, "--data", data, "-o", tmp_path / "m.safetensors"),
        run("init", tmp_path / "p", "--model", model, "--data", data),
    ):
        assert done.exit_code == 0
        assert "rows.csv" not in done.output
        assert "rows" in done.output


@pytest.mark.slow  # a process that imports scikit-learn
def test_init_compares_the_original_executor(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(make_pipeline(NMF(2, max_iter=500), Ridge()).fit(abs(X), Y)))
    done = run("init", tmp_path / "p", "--model", path)
    assert done.exit_code == 0, done.output
    assert "Executor original: the model cannot be compiled: sklearn.decomposition.NMF" in flat(done.output)
    assert "its answers for 16 generated rows (pass your own with --data) are the same as here." in flat(done.output)


def test_inspect_has_compared_nothing_and_says_what_does(tmp_path):
    done = run("inspect", IRIS / "iris_trained_model.pkl")
    assert "format    pickle" in done.output
    assert "compared  no rows yet: `compile` and `init` compare with the original" in done.output
    assert "--data rows.csv" in done.output


def test_inspect_of_every_format(tmp_path):
    xgboost.XGBRegressor(n_estimators=2).fit(X, Y).save_model(tmp_path / "m.json")
    shutil.copyfile(tmp_path / "m.json", tmp_path / "m.bin")
    apart(tmp_path / "m.onnx")
    for name in ("m.json", "m.bin"):
        done = run("inspect", tmp_path / name)
        assert done.exit_code == 0
        assert "format    XGBoost's own" in done.output
    done = run("inspect", tmp_path / "m.onnx")
    assert "weights   m.onnx.data, next to it" in done.output
    assert "onnxruntime" in done.output
    assert json.loads(run("inspect", tmp_path / "m.onnx", "--json").stdout)["weights"] == ["m.onnx.data"]


def test_another_version_is_reported_with_what_to_install(tmp_path):
    import sklearn

    data = pickle.dumps(Ridge().fit(X, Y)).replace(sklearn.__version__.encode(), b"1.4.2")
    (tmp_path / "m.pkl").write_bytes(data)
    done = run("inspect", tmp_path / "m.pkl")
    assert (
        f"scikit-learn 1.4.2 ({sklearn.__version__} is installed here: pip install scikit-learn==1.4.2)" in done.output
    )


@pytest.mark.parametrize("command", ["inspect", "compile", "init"])
@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("m.pkl", b"", "is empty (0 bytes)"),
        ("m.pkl", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        ("m.pkl", (IRIS / "iris_trained_model.pkl").read_bytes()[:700], "is not a complete pickle"),
        ("m.pt", b"junk", "is a PyTorch file"),
        ("m.h5", b"\x89HDF\r\n\x1a\n", "is a Keras model"),
        ("m.nothing", b"junk", "is not a known model file"),
    ],
)
def test_files_that_are_no_models(command, name, data, said, tmp_path):
    path = tmp_path / name
    path.write_bytes(data)
    done = run(*(("init", tmp_path / "p", "--model", path) if command == "init" else (command, path)))
    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert "Traceback" not in done.output and "a bug in iris-model" not in done.output
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("command", ["inspect", "compile", "init"])
def test_a_directory_and_nothing(command, tmp_path):
    (tmp_path / "folder").mkdir()
    for name, said in (("folder", "without a file MLmodel"), ("lost.pkl", "lost.pkl")):
        path = tmp_path / name
        done = run(*(("init", tmp_path / "p", "--model", path) if command == "init" else (command, path)))
        assert done.exit_code == 1
        assert said in done.stderr
        assert "Traceback" not in done.output and "a bug in iris-model" not in done.output


def test_commands_in_hints_can_be_pasted(tmp_path):
    place = tmp_path / "my models"
    place.mkdir()
    (place / "iris-model.toml").write_text('model = "m.pkl"\n')
    shutil.copy(IRIS / "iris_trained_model.pkl", place / "m.pkl")
    (place / "rows.csv").write_text("1,2,3,4\n")
    assert f"iris-model package '{place}'" in flat(run("compile", place).stderr)
    done = run("predict", place / "m.pkl", place / "rows.csv", "-o", place / "answers.csv")
    assert f"iris-model compile '{place / 'm.pkl'}'" in flat(done.stderr)


@pytest.mark.parametrize("command", ["inspect", "compile", "init"])
def test_a_project_is_no_model_file(command, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "iris-model.toml").write_text('model = "m.pkl"\n')
    path = tmp_path / "shop"
    done = run(*(("init", tmp_path / "p", "--model", path) if command == "init" else (command, path)))
    assert done.exit_code == 1
    assert "shop is a project; expected its model file" in done.stderr and "`model` names" in done.stderr


def test_a_command_that_installs_the_version_of_a_booster_can_be_run():
    inspect = import_module("iris_model.cli.commands.inspect")
    assert inspect._show_versions({"numpy": [">=1.0.0"]}) == "numpy 1.0.0 or newer"
    assert 'pip install "lightgbm>=99.0.0")' in inspect._show_versions({"lightgbm": [">=99.0.0"]})
    assert inspect._show_versions({"numpy": ["1.0.1"]}).endswith("pip install numpy==1.0.1)")


def test_compile_finds_a_trusted_module_next_to_the_model(tmp_path):
    (tmp_path / "my_model.py").write_text(
        "class Mine:\n    def predict(self, rows):\n        return [0 for _ in rows]\n"
    )
    (tmp_path / "m.pkl").write_bytes(b"\x80\x02cmy_model\nMine\n)\x81.")
    done = run("compile", tmp_path / "m.pkl", "--trust", "my_model.Mine")
    assert done.exit_code == 1
    assert "my_model.Mine: no converter supports this class" in flat(done.stderr)

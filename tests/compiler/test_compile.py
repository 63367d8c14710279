"""`compile` as its callers see it: the iris model, the user's data, signature, golden rows, refusals."""

import csv
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.errors import IrisModelError, UnsupportedModel
from tests.support.uci_iris import write_uci_iris

EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
X = np.random.RandomState(0).normal(size=(60, 3))


@pytest.fixture(scope="module")
def iris():
    return compile_model(EXAMPLE / "iris_trained_model.pkl", data=EXAMPLE / "iris.csv")


def test_iris_answers_as_trained(iris, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(iris.data)
    model = load(str(tmp_path / "m.safetensors"))
    assert model.predict([[5.7, 2.8, 4.5, 1.3], [5.1, 3.5, 1.4, 0.2]]) == ["versicolor", "setosa"]
    for entry in iris.golden:
        assert model.predict([entry["row"]]) == [entry["outputs"]["predict"]]
        assert model.predict_proba([entry["row"]])[0] == pytest.approx(entry["outputs"]["predict_proba"], rel=1e-9)


def test_iris_signature_and_source(iris):
    columns = iris.signature["columns"]
    assert [column["name"] for column in columns] == load_iris().feature_names
    assert (columns[0]["minimum"], columns[0]["maximum"]) == (4.3, 7.9)
    assert iris.signature["classes"] == ["setosa", "versicolor", "virginica"]
    assert iris.signature["task"] == "classifier"
    assert iris.source["library"] == "scikit-learn"
    assert iris.source["parity"]["rows"] == iris.report.row_count >= 150
    assert iris.source["parity"]["largest_difference"] >= iris.report.largest_difference
    assert "150 given" in str(iris.report)


def test_iris_golden_rows_show_every_species(iris):
    assert len(iris.golden) == 16
    assert {entry["outputs"]["predict"] for entry in iris.golden} == {"setosa", "versicolor", "virginica"}
    assert json.loads(json.dumps(iris.golden, allow_nan=False)) == iris.golden


def test_iris_file_is_small(iris):
    assert len(iris.data) < 4096


@pytest.mark.slow
def test_training_gives_the_committed_model(tmp_path):
    """On the pinned versions; a pickle's bytes depend on the Python that writes it as well."""
    shutil.copy(EXAMPLE / "train.py", tmp_path)
    command = [sys.executable, str(tmp_path / "train.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "scikit-learn's load_iris: Fisher's values" in done.stdout
    assert "accuracy 0.953 +- 0.052" in done.stdout
    for name in ("iris.csv", "iris_species.csv"):
        assert (tmp_path / name).read_bytes() == (EXAMPLE / name).read_bytes()
    pins = dict(line.split("==") for line in (EXAMPLE / "requirements.txt").read_text().split("\n") if "==" in line)
    if (
        pins["scikit-learn"] == sklearn.__version__
        and pins["numpy"] == np.__version__
        and sys.version_info[:2] == (3, 11)
    ):
        assert (tmp_path / "iris_trained_model.pkl").read_bytes() == (EXAMPLE / "iris_trained_model.pkl").read_bytes()


@pytest.mark.slow
def test_training_says_which_flowers_and_takes_those_of_uci(tmp_path):
    shutil.copy(EXAMPLE / "train.py", tmp_path)
    uci = write_uci_iris(tmp_path / "iris.data")
    command = [sys.executable, str(tmp_path / "train.py")]
    done = subprocess.run([*command, str(uci)], capture_output=True, text=True, check=True)
    assert "iris.data: differs from Fisher's values in flowers 35, 38" in done.stdout
    ours, theirs = ((place / "iris_species.csv").read_text().splitlines() for place in (EXAMPLE, tmp_path))
    assert [number for number, pair in enumerate(zip(ours, theirs, strict=True)) if len(set(pair)) > 1] == [35, 38]
    assert theirs[35] == "4.9,3.1,1.5,0.1,setosa"
    model = pickle.loads((tmp_path / "iris_trained_model.pkl").read_bytes())
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
    uci.write_text("5.1,3.5,1.4\n")
    refused = subprocess.run([*command, str(uci)], capture_output=True, text=True)
    assert refused.returncode == 1 and "is not UCI's iris.data" in refused.stderr and "Traceback" not in refused.stderr


def test_same_model_same_bytes(iris):
    again = compile_model(str(EXAMPLE / "iris_trained_model.pkl"), data=EXAMPLE / "iris.csv")
    assert again.data == iris.data
    assert again.golden == iris.golden


def test_source_holds_no_path_and_no_time(iris):
    assert str(EXAMPLE).encode() not in iris.data
    assert sorted(iris.source) == ["class", "library", "parity", "sha256", "tool", "version"]


def test_library_is_not_imported_before_it_is_needed():
    script = (
        "import sys, iris_model.compiler, iris_model.readers\n"
        "print([name for name in ('sklearn', 'scipy', 'joblib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_method_that_the_reader_forgot_is_refused():
    """As would a library that gives an estimator one more method in a new version."""
    model = LinearRegression().fit(X, X[:, 0])
    model.decision_function = lambda rows: rows
    with pytest.raises(UnsupportedModel, match="decision_function is offered by the original"):
        compile_model(model)


def test_parallel_jobs_of_the_users_model_are_put_back():
    model = make_pipeline(StandardScaler(), RandomForestClassifier(3, n_jobs=2)).fit(X, X[:, 0] > 0)
    compile_model(model)
    assert model[-1].n_jobs == 2


def test_golden_rows_without_data_and_with_several_outputs():
    model = DecisionTreeClassifier().fit(X, np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int))
    compilation = compile_model(model)
    outputs = compilation.golden[0]["outputs"]
    assert len(outputs["predict"]) == 2 and len(outputs["predict_proba"][0]) == 2
    assert compilation.signature["classes"] == [[0, 1], [0, 1]]
    assert compilation.signature["outputs"]["predict_proba"] == {"kind": "number", "columns": [2, 2]}


# What users give as data.


def named_model():
    model = Ridge().fit(X, X[:, 0])
    model.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
    return model


def write_csv(tmp_path, *lines):
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def given_rows(compilation):
    return [entry["row"] for entry in compilation.golden]


def test_named_columns_are_found_in_any_order(tmp_path):
    path = write_csv(tmp_path, ["target", "c", "a", "b"], ["yes", 3, 1, 2], ["no", 6, 4, 5])
    assert given_rows(compile_model(named_model(), data=path)) == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_rows_without_header_go_by_position(tmp_path):
    path = write_csv(tmp_path, [1, 2, 3], [4, 5, 6])
    assert given_rows(compile_model(named_model(), data=path)) == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_a_header_of_numbers_is_that_of_pandas(tmp_path):
    pd.DataFrame(X[:2]).to_csv(tmp_path / "rows.csv", index=False)
    compilation = compile_model(LogisticRegression().fit(X, X[:, 0] > 0), data=tmp_path / "rows.csv")
    assert given_rows(compilation) == X[:2].tolist()
    assert [column["name"] for column in compilation.signature["columns"]] == ["x0", "x1", "x2"]


def test_lists_and_arrays():
    for data in ([[1, 2, 3]], np.array([[1.0, 2.0, 3.0]])):
        assert given_rows(compile_model(named_model(), data=data)) == [[1.0, 2.0, 3.0]]


def test_missing_cells_where_the_model_takes_them(tmp_path):
    model = DecisionTreeClassifier().fit(X, X[:, 0] > 0)
    path = write_csv(tmp_path, ["p", "q", "r"], [1, "", 3], ["NaN", 2, "null"])
    compilation = compile_model(model, data=path)
    assert given_rows(compilation) == [[1.0, None, 3.0], [None, 2.0, None]]
    assert [column["name"] for column in compilation.signature["columns"]] == ["p", "q", "r"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([["a", "b"], [1, 2]], "has no column 'c'; it has a, b"),
        ([["a", "b", "c"], [1, 2, 3], [1, 2]], "line 3 has 2 cells; expected 3"),
        ([["a", "b", "c"], [1, 2, 3], [1, "x", 3]], "line 3, column 'b' is 'x'; expected a finite number"),
        ([["a", "b", "c"], [1, "inf", 3]], "line 2, column 'b' is inf; expected a finite number"),
        ([["a", "b", "c"], [1, "", 3]], "line 2, column 'b' is empty, but this model accepts no missing values"),
        ([["a", "b", "c"]], "has no rows"),
        ([], "has no rows"),
        ([[1, 2]], "line 1 has 2 cells; expected 3"),
    ],
)
def test_data_that_does_not_fit(tmp_path, lines, says):
    with pytest.raises(IrisModelError) as caught:
        compile_model(named_model(), data=write_csv(tmp_path, *lines))
    assert says in caught.value.problem
    assert caught.value.remedy


def test_header_of_another_length_for_a_model_without_names(tmp_path):
    path = write_csv(tmp_path, ["a", "b", "c", "target"], [1, 2, 3, 4])
    with pytest.raises(IrisModelError, match="has 4 columns; the model has 3"):
        compile_model(LogisticRegression().fit(X, X[:, 0] > 0), data=path)


def test_a_missing_data_file_is_reported(tmp_path):
    with pytest.raises(IrisModelError, match="cannot read the rows in"):
        compile_model(named_model(), data=tmp_path / "none.csv")


@pytest.mark.parametrize(
    "prepare",
    [
        make_column_transformer((StandardScaler(), ["a"]), remainder="passthrough"),
        make_column_transformer((OneHotEncoder(), ["k"]), remainder="passthrough"),
        make_column_transformer((OneHotEncoder(), ["k", "b"]), (StandardScaler(), ["a"])),
    ],
)
def test_columns_selected_by_name_may_all_be_numbers(prepare):
    random = np.random.RandomState(0)
    frame = pd.DataFrame({"a": random.rand(60), "k": random.randint(0, 3, 60), "b": random.rand(60) > 0.5})
    fitted = make_pipeline(prepare, LogisticRegression()).fit(frame, random.randint(0, 2, 60))
    assert compile_model(fitted).report.row_count > 500

"""`iris-model diff`, against what scikit-learn itself answers to the same rows."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge

from tests.cli.test_commands import run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classifiers, two regressors, and rows with an id."""
    directory = tmp_path_factory.mktemp("diff")
    iris = load_iris(as_frame=True)
    X, y = iris.data, iris.target_names[iris.target]
    for name, model in {
        "a": LogisticRegression(max_iter=500).fit(X, y),
        "b": LogisticRegression(C=0.01, max_iter=500).fit(X, y),
        "r1": Ridge().fit(X, iris.target),
        "r2": Ridge(2).fit(X, iris.target),
        "forest": RandomForestRegressor(3, random_state=0).fit(X.iloc[:, :3], iris.target),
    }.items():
        (directory / f"{name}.pkl").write_bytes(pickle.dumps(model))
    rows = X.copy()
    rows.insert(0, "id", [f"f{number}" for number in range(len(X))])
    rows.to_csv(directory / "rows.csv", index=False)
    return directory


def compare(files: Path, one: str, two: str, *more: object, data: str = "rows.csv") -> tuple[int, dict[str, object]]:
    done = run("diff", files / one, files / two, "--data", files / data, *more, "--json")
    assert done.exit_code in (0, 2), done.stderr
    return done.exit_code, json.loads(done.stdout)


def test_labels_that_change_are_those_of_the_originals(files: Path) -> None:
    X = pd.read_csv(files / "rows.csv")
    a, b = (pickle.loads((files / f"{name}.pkl").read_bytes()) for name in "ab")
    one, two = a.predict(X.iloc[:, 1:]), b.predict(X.iloc[:, 1:])
    shift = np.abs(a.predict_proba(X.iloc[:, 1:]) - b.predict_proba(X.iloc[:, 1:]))
    code, found = compare(files, "a.pkl", "b.pkl", "--keep", "id", "--rows", 4)
    assert code == 2
    assert found["changed"] == found["different"] == (one != two).sum() > 0
    pairs = pd.Series(list(zip(one, two)))[one != two].value_counts()
    assert {(each["before"], each["after"]): each["rows"] for each in found["labels"]} == pairs.to_dict()
    for place, name in enumerate(a.classes_):
        assert found["shifts"][f"probability_{name}"]["largest"] == pytest.approx(shift[:, place].max(), rel=1e-12)
        assert found["shifts"][f"probability_{name}"]["mean"] == pytest.approx(shift[:, place].mean(), rel=1e-12)
    order = [row for row in np.argsort(-shift.max(axis=1), kind="stable") if one[row] != two[row]][:4]
    assert [(row["kept"]["id"], row["line"]) for row in found["largest"]] == [(X.id[row], row + 2) for row in order]
    assert [row["before"] for row in found["largest"]] == [[one[row]] for row in order]


def test_numbers_and_tolerance(files: Path) -> None:
    X = pd.read_csv(files / "rows.csv").iloc[:, 1:]
    one, two = (pickle.loads((files / f"{name}.pkl").read_bytes()).predict(X) for name in ("r1", "r2"))
    code, found = compare(files, "r1.pkl", "r2.pkl", "--tolerance", 0.01)
    expected = (np.abs(one - two) > 0.01 * np.maximum(1, np.abs(one))).sum()
    assert found["changed"] == expected
    assert 0 < expected < 150
    assert code == 2
    assert compare(files, "r1.pkl", "r2.pkl", "--tolerance", 1)[0] == 0
    assert compare(files, "r1.pkl", "r2.pkl", "--tolerance", 0.01, "--allow", 0.99)[0] == 0


def test_a_model_equals_itself_compiled(files: Path) -> None:
    assert run("compile", files / "a.pkl", "-o", files / "a.safetensors").exit_code == 0
    code, found = compare(files, "a.pkl", "a.safetensors")
    assert (code, found["different"], found["rows"]) == (0, 0, 150)


def test_rows_that_one_model_refuses_are_changes(files: Path) -> None:
    X = pd.read_csv(files / "rows.csv")
    X.iloc[3, 4] = 1e300  # too large for the forest's float32
    X["petal width (cm)"] = X["petal width (cm)"].astype(object)
    X.iloc[5, 4] = ""  # missing: the forest does not look, Ridge refuses
    X.iloc[7, 3] = 1e300
    X.to_csv(files / "wild.csv", index=False)
    _, found = compare(files, "r1.pkl", "forest.pkl", "--keep", "id", "--rows", 200, data="wild.csv")
    refused = {row["kept"]["id"]: row["refusal"] for row in found["largest"] if row["refusal"]}
    assert refused.keys() == {"f5", "f7"}
    assert refused["f5"].startswith("refused before: ")
    assert refused["f7"].startswith("refused after: ")
    assert (found["refused_before"], found["refused_after"], found["rows"]) == (1, 1, 150)


def test_the_text_says_the_same(files: Path) -> None:
    shown = run("diff", files / "a.pkl", files / "b.pkl", "--data", files / "rows.csv", "--keep", "id").stdout
    assert "of 150 rows change (" in shown
    assert "The 10 rows that change most:" in shown
    same = run("diff", files / "a.pkl", files / "a.pkl", "--data", files / "rows.csv")
    assert same.exit_code == 0
    assert "No prediction changes in 150 rows." in same.stdout


def test_incomparable_models_are_one_error(files: Path) -> None:
    wrong = run("diff", files / "a.pkl", files / "r1.pkl", "--data", files / "rows.csv")
    assert wrong.exit_code == 1
    assert "the first model predicts a label, the second a number" in wrong.stderr
    (files / "other.csv").write_text("x,y\n1,2\n")
    assert "lacks the columns" in run("diff", files / "a.pkl", files / "b.pkl", "--data", files / "other.csv").stderr
    assert run("diff", files / "a.pkl", files / "gone.pkl", "--data", files / "rows.csv").exit_code == 1
    assert run("diff", files / "a.pkl", files / "b.pkl").exit_code == 2


def test_truth_values_are_those_of_the_rows(tmp_path: Path) -> None:
    rows = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "old": [True, False, True, True, False, False]})
    labels = ["a", "b", "a", "a", "b", "a"]
    models = [LogisticRegression(C=c).fit(rows, labels) for c in (100.0, 1e-4)]
    for name, model in zip("ab", models):
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps(model))
    rows.to_csv(tmp_path / "rows.csv", index=False)
    code, found = compare(tmp_path, "a.pkl", "b.pkl")
    assert found["refused_by_both"] == 0
    assert found["changed"] == (models[0].predict(rows) != models[1].predict(rows)).sum() > 0
    assert code == 2


def test_rows_that_both_models_refuse_are_no_comparison(files: Path) -> None:
    header = (files / "rows.csv").read_text().splitlines()[0]
    (files / "words.csv").write_text(f"{header}\nf0,wide,1,1,1\nf1,long,1,1,1\n")
    done = run("diff", files / "a.pkl", files / "b.pkl", "--data", files / "words.csv")
    assert done.exit_code == 1
    assert "both models refuse all 2 rows" in done.stderr
    assert "'wide'" in done.stderr

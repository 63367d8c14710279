"""A CatBoost model with categories, from `init` to an answer of the packaged function, which has no library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import catboost
import numpy as np
import pandas as pd
import pytest

from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from iris_model.runtime.model import Model

R = np.random.RandomState(2)
FRAME = pd.DataFrame(
    {
        "city": R.choice(["Berlin", "Paris", "Rome", "Oslo"], 200),
        "store": R.randint(1, 25, 200),
        "size": R.normal(size=200).round(3),
        "open": R.choice([True, False], 200),
    }
)
TARGET = np.where((FRAME.city == "Berlin") + FRAME["size"] + FRAME.open + FRAME.store % 3 > 1, "yes", "no")
# As `python -I` in the sandbox, without the libraries of this environment.
CALL = """
import json, sys
for name in ("catboost", "numpy", "pandas"):
    sys.modules[name] = None
sys.path.insert(0, sys.argv[1])
import app
print(json.dumps([app.handler(event, None) for event in json.load(sys.stdin)]))
"""


def ask(function: Path, events: list[object]) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", CALL, str(function)],
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=True,
        cwd=function,
        env={"LAMBDA_TASK_ROOT": str(function)},
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_from_init_to_an_answer(tmp_path: Path) -> None:
    model = catboost.CatBoostClassifier(
        iterations=10,
        depth=4,
        verbose=0,
        allow_writing_files=False,
        cat_features=["city", "store", "open"],
        thread_count=1,
    ).fit(FRAME, TARGET)
    path, data = tmp_path / "shop.cbm", tmp_path / "rows.csv"
    model.save_model(str(path))
    FRAME.to_csv(data, index=False)
    project, function = tmp_path / "project", tmp_path / "function"
    assert scaffold_model_project(project, path, data=data).executor == "compiled"
    package_project(project, output=function)
    rows = [*FRAME.head(5).values.tolist(), ["a new city", 999, 0.25, True], ["Rome", "7", -1.0, False]]
    frame = pd.DataFrame(rows, columns=FRAME.columns)
    answers = ask(function, [dict(zip(FRAME.columns, row, strict=True)) for row in rows])
    assert [answer["prediction"] for answer in answers] == model.predict(frame).tolist()
    for answer, expected in zip(answers, model.predict_proba(frame), strict=True):
        assert list(answer["probabilities"].values()) == pytest.approx(expected.tolist(), rel=1e-9)
    # The rows of the CSV file are those of training: integers and booleans again.
    golden = json.loads((function / "golden.json").read_text(encoding="utf-8"))
    assert {tuple(map(type, row["row"])) for row in golden} == {(str, int, float, bool)}
    columns = Model.load(str(function / "shop.safetensors")).signature["columns"]
    assert [column.get("categories") for column in columns] == [
        ["Berlin", "Oslo", "Paris", "Rome"],
        sorted(set(FRAME["store"].tolist())),
        None,
        [False, True],
    ]

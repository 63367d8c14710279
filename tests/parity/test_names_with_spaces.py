"""Names of LightGBM's columns: it writes spaces as underscores, and its versions store the names in different places."""

import pickle

import lightgbm
import numpy as np
import pandas as pd
import pytest

from iris_model.compiler import compile_model, describe_original
from iris_model.engine import CompiledModel

NAMES = ["sepal length", "petal  width", "c"]
X = pd.DataFrame(np.random.RandomState(0).normal(size=(200, 3)), columns=NAMES)
Y = (X["sepal length"] > 0).astype(int)
WRAPPED = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X, Y)
BARE = lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, Y), 5)


@pytest.mark.parametrize("order", [NAMES, NAMES[::-1], [*NAMES, "more"]])
@pytest.mark.parametrize("model", [WRAPPED, BARE])
def test_the_names_of_the_rows(model, order, tmp_path):
    path, rows = tmp_path / "m.pkl", tmp_path / "rows.csv"
    path.write_bytes(pickle.dumps(model))
    X.assign(more=1)[order].head(50).to_csv(rows, index=False)
    compilation = compile_model(path, data=rows)
    assert [column["name"] for column in compilation.signature["columns"]] == NAMES
    described = describe_original(path, data=rows)
    assert [column["name"] for column in described.signature["columns"]] == NAMES
    (tmp_path / "m.safetensors").write_bytes(compilation.data)
    table = X.head(20).to_numpy()
    answers = CompiledModel(str(tmp_path / "m.safetensors")).evaluate(table.tolist(), ("predict",))[0]
    assert np.allclose(answers, model.predict(X.head(20)), rtol=1e-12)


def test_without_rows_they_are_those_of_the_file(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(WRAPPED))
    names = [column["name"] for column in compile_model(path).signature["columns"]]
    assert names == ["sepal_length", "petal__width", "c"]


@pytest.mark.parametrize("rows", [X.to_numpy(), pd.DataFrame(X.to_numpy())])
def test_columns_without_names_have_none(rows, tmp_path):
    for model in (
        lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows, Y),
        lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, Y), 5),
    ):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
        signature = compile_model(tmp_path / "m.pkl").signature
        assert not signature["named"]
        assert [column["name"] for column in signature["columns"]] == ["x0", "x1", "x2"]

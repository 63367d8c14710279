"""Metadata of the Open Inference Protocol, compared with the answers of the same model: names, types, shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.runtime import Model
from tests.support.lambda_events import alb, http_api_2, rest_1

ROWS = np.random.RandomState(5).uniform(size=(40, 3))
TWO = np.column_stack([np.arange(40) % 2, np.arange(40) % 3])
TEXTS = ["good", "bad", "good good", "bad good bad"] * 6

MODELS: dict[str, Any] = {
    "labels that are numbers": lambda: LogisticRegression().fit(ROWS, np.arange(40) % 3),
    "labels that are texts": lambda: LogisticRegression().fit(ROWS, np.array(["a", "b"])[np.arange(40) % 2]),
    "labels that are truths": lambda: LogisticRegression().fit(ROWS, np.arange(40) % 2 == 0),
    "several targets of labels": lambda: RandomForestClassifier(3, random_state=0).fit(ROWS, TWO),
    "a number": lambda: LinearRegression().fit(ROWS, ROWS[:, 0]),
    "several numbers": lambda: LinearRegression().fit(ROWS, ROWS[:, :2]),
    "clusters": lambda: KMeans(3, n_init=1, random_state=0).fit(ROWS),
    "outliers": lambda: IsolationForest(n_estimators=5, random_state=0).fit(ROWS),
    "a table": lambda: PCA(2).fit(ROWS),
    "a table of one column": lambda: make_pipeline(StandardScaler(), PCA(1)).fit(ROWS),
    "texts": lambda: make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, ["p", "n"] * 12),
}


def load(estimator: Any, directory: Path) -> Model:
    (directory / "model.safetensors").write_bytes(compile_model(estimator).data)
    return Model.load(str(directory / "model"))


@pytest.fixture(scope="module")
def one_number(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(MODELS["a number"](), tmp_path_factory.mktemp("one"))


def ask(model: Model, method: str, path: str, body: Any = None) -> Any:
    event = http_api_2(None if body is None else json.dumps(body), method=method)
    response = model.answer({**event, "rawPath": path})
    assert response["statusCode"] == 200, response["body"]
    return json.loads(response["body"])


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_metadata_is_what_is_answered(make: Any, tmp_path: Path) -> None:
    model = load(make(), tmp_path)
    metadata = ask(model, "GET", "/default/v2/models/any")
    (wanted,) = metadata["inputs"]
    values = ["good bad", "bad"] if wanted["datatype"] == "BYTES" else ROWS[:2].ravel().tolist()
    tensor = {**wanted, "shape": [2, *wanted["shape"][1:]], "data": values}
    answer = ask(model, "POST", "/default/v2/models/any/infer", {"inputs": [tensor]})
    assert [{**each, "shape": [-1, *each["shape"][1:]], "data": ...} for each in answer["outputs"]] == [
        {**each, "data": ...} for each in metadata["outputs"]
    ]


def test_a_transformer_answers_with_what_it_makes_of_the_rows(tmp_path: Path) -> None:
    """Even if it also returns probabilities."""
    pca = PCA(2).fit(ROWS)
    answer = load(pca, tmp_path).answer({"instances": ROWS.tolist()})
    np.testing.assert_allclose(answer["predictions"], pca.transform(ROWS), rtol=1e-9)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/v2", {"name", "version", "extensions"}),
        ("/default/v2/", {"name", "version", "extensions"}),
        ("/v2/models/v2", {"name", "versions", "platform", "inputs", "outputs"}),
        ("/v2/models/ready", {"name", "versions", "platform", "inputs", "outputs"}),
        ("/v2/models/m/versions/2/ready", {"name", "ready"}),
        ("/prod/v2/health/live", {"live"}),
    ],
)
def test_paths_of_the_protocol(path: str, keys: set[str], one_number: Model) -> None:
    assert ask(one_number, "GET", path).keys() == keys


@pytest.mark.parametrize(
    "path", ["", "/", "/iris", "/v2/iris", "/v2/health", "/v2/models", "/iris-v2/models/m", "/v22"]
)
def test_other_paths_get_the_model_card(path: str, one_number: Model) -> None:
    assert ask(one_number, "GET", path)["digest"].startswith("sha256:")


@pytest.mark.parametrize("event", [rest_1(None), alb("")])
def test_the_older_front_ends_have_the_path_elsewhere(event: dict[str, Any], one_number: Model) -> None:
    event = {**event, "httpMethod": "GET", "path": "/v2/health/ready"}
    assert json.loads(one_number.answer(event)["body"]) == {"ready": True}

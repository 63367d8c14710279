"""Two projects, packaged and served as their users would: iris with the paths of other servers, and a frame with texts."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from iris_model.local import read_function_directory
from iris_model.project import package_project
from tests.support.local_service import RunningService, running

IRIS = Path(__file__).parents[2] / "examples/iris"

NAMES = (IRIS / "iris.csv").read_text().splitlines()[0].split(",")

SETTINGS = """\
name = "iris"
model = "iris_trained_model.pkl"
data = "iris.csv"
stage = "$default"
route = "/iris"
more-routes = [
    "POST /invocations", "GET /ping",
    "POST /endpoints/iris/invocations",
    "POST /v1/models/iris:predict", "GET /v1/models/iris",
    "POST /v2/models/iris/infer", "GET /v2/models/iris", "GET /v2/models/iris/ready",
    "GET /v2", "GET /v2/health/live", "GET /v2/health/ready",
]
"""
FRAME_SETTINGS = """\
name = "frame"
model = "frame.pkl"
stage = "$default"
more-routes = ["GET /v2/models/frame/versions/{version}"]
"""
HANDLER = """\
from iris_model.runtime import Model

model = Model.load("{model}")


def handler(event, context):
    return model.answer(event)
"""


@dataclass(frozen=True)
class Served:
    """The running service, and the answers of the original models to the same rows."""

    service: RunningService
    iris: Any
    rows: np.ndarray
    """A row of each class, and two on the border."""
    frame_model: Any
    frame: pd.DataFrame

    @property
    def named(self) -> pd.DataFrame:
        """The rows with the names of the features."""
        return pd.DataFrame(self.rows, columns=NAMES)

    @property
    def labels(self) -> list[str]:
        """What scikit-learn predicts."""
        return list(self.iris.predict(self.rows))

    @property
    def probabilities(self) -> np.ndarray:
        """Its probabilities."""
        return np.asarray(self.iris.predict_proba(self.rows))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Both functions behind one address."""
    iris = tmp_path_factory.mktemp("iris")
    for name in ("iris_trained_model.pkl", "iris.csv"):
        shutil.copy(IRIS / name, iris)
    (iris / "iris-model.toml").write_text(SETTINGS)
    (iris / "app.py").write_text(HANDLER.format(model="iris_trained_model"))

    frame = tmp_path_factory.mktemp("frame")
    table = pd.DataFrame({"colour": ["red", "blue", "red", "green"] * 10, "size": np.linspace(-1, 1, 40)})
    encode = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    frame_model = make_pipeline(encode, LogisticRegression()).fit(table, np.arange(40) % 3)
    (frame / "frame.pkl").write_bytes(pickle.dumps(frame_model))
    (frame / "iris-model.toml").write_text(FRAME_SETTINGS)
    (frame / "app.py").write_text(HANDLER.format(model="frame"))

    functions = [read_function_directory(package_project(each).directory) for each in (iris, frame)]
    with running(functions, function_url_port=0) as service:
        original = pickle.loads((IRIS / "iris_trained_model.pkl").read_bytes())
        rows = np.array(
            [[5.1, 3.5, 1.4, 0.2], [5.7, 2.8, 4.5, 1.3], [6.3, 3.3, 6.0, 2.5], [5.9, 3.0, 4.9, 1.7], [6, 3, 5, 2]]
        )
        yield Served(service, original, rows, frame_model, table.iloc[:6])

"""Numbers in a compiled model that say how much to make: they must not exceed what the file contains."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsOneClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import SplineTransformer
from sklearn.svm import SVC

from iris_model.compiler import compile_model
from iris_model.engine import ModelFormatError, load

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3)).round(2)
Y = np.arange(60) % 3
MODELS: dict[str, tuple[Any, str, str]] = {
    "votes of neighbors": (KNeighborsClassifier(3), "count", "predict_proba"),
    "neighbors": (KNeighborsClassifier(3, algorithm="brute", metric="manhattan"), "neighbors", "predict"),
    "neighbors by products": (KNeighborsClassifier(3, algorithm="brute"), "neighbors", "predict"),
    "neighbors in a tree": (KNeighborsClassifier(3, algorithm="kd_tree"), "neighbors", "predict"),
    "pairs": (OneVsOneClassifier(LogisticRegression()), "count", "decision_function"),
    "pairs of a machine": (
        SVC(random_state=0, break_ties=True, decision_function_shape="ovr"),
        "count",
        "decision_function",
    ),
    "calibration": (CalibratedClassifierCV(LogisticRegression(), cv=2), "count", "predict_proba"),
    "splines": (SplineTransformer(), "count", "transform"),
}


def edit(data: bytes, key: str, value: object) -> bytes:
    """The same file with another number wherever a node has that attribute."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    graph = json.loads(header["__metadata__"]["graph"])
    changed = [node for node in graph["nodes"] if key in node["attributes"]]
    assert changed
    for node in changed:
        node["attributes"][key] = value
    header["__metadata__"]["graph"] = json.dumps(graph)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize("name", MODELS)
def test_an_edited_size_is_refused_before_anything_is_made_of_it(name: str, tmp_path: Path) -> None:
    estimator, key, method = MODELS[name]
    data = compile_model(estimator.fit(X, Y)).data
    path = tmp_path / "model.safetensors"
    for value in (10**5, 10**9, 10**30, -1, 2.5, "3", None, True):
        path.write_bytes(edit(data, key, value))
        begin = time.process_time()
        with pytest.raises(ModelFormatError, match="damaged"):
            getattr(load(str(path)), method)(X.tolist()[:1])
        assert time.process_time() - begin < 1
    path.write_bytes(data)
    assert getattr(load(str(path)), method)(X.tolist()[:2])


def test_a_number_that_is_only_compared_may_be_larger_than_anything(tmp_path: Path) -> None:
    """An imputer may ask for more neighbors than it has, and a forest of 300 trees of one leaf has a count of 300."""
    holes = X.copy()
    holes[::7, 0] = np.nan
    many = RandomForestRegressor(300, max_depth=1, random_state=0).fit(X, Y)
    for estimator, method, rows in (
        (KNNImputer(n_neighbors=500).fit(holes), "transform", [[None, 0.1, 0.2]]),
        (many, "predict", X.tolist()[:3]),
    ):
        (tmp_path / "model.safetensors").write_bytes(compile_model(estimator).data)
        assert getattr(load(str(tmp_path / "model.safetensors")), method)(rows)

"""Clusterers trained on float32 take nothing else: compiled, and with their own library, they are asked with float32."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import AffinityPropagation, BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel
from iris_model.project.packaging.executors import choose_executable
from iris_model.project.packaging.package import package_project
from iris_model.project.scaffold import scaffold_model_project
from iris_model.runtime import Model

X = np.random.default_rng(0).normal(size=(150, 3)).astype(np.float32)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
MODELS = {
    "KMeans": KMeans(3, n_init=1, random_state=0).fit(X),
    "MiniBatchKMeans": MiniBatchKMeans(3, n_init=1, random_state=0).fit(X),
    "BisectingKMeans": BisectingKMeans(5, random_state=0).fit(X),
    "one cluster": KMeans(1, n_init=1, random_state=0).fit(X),
    "pipeline": make_pipeline(StandardScaler(), BisectingKMeans(3, random_state=0)).fit(X),
    "DataFrame": KMeans(3, n_init=1, random_state=0).fit(FRAME),
}


@pytest.mark.parametrize("name", MODELS)
def test_compiled(name, tmp_path):
    model = MODELS[name]
    compilation = compile_model(model)
    assert compilation.report.methods["predict"].compared >= 500
    (tmp_path / "m.safetensors").write_bytes(compilation.data)
    found = CompiledModel(str(tmp_path / "m.safetensors")).predict(X.astype(float).tolist())
    assert found == model.predict(FRAME if name == "DataFrame" else X).tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [one if one == "DataFrame" else pytest.param(one, marks=pytest.mark.slow) for one in MODELS],
)
def test_with_its_own_library(name, tmp_path):
    model = MODELS[name]
    joblib.dump(model, tmp_path / "model.joblib")
    project, function = tmp_path / "project", tmp_path / "function"
    scaffold_model_project(project, tmp_path / "model.joblib", choose=choose_executable)
    package_project(project, output=function, executor="original", choose=choose_executable)
    opened = Model.load(str(function / "model"))
    assert {column["dtype"] for column in opened.signature["columns"]} == {"float32"}
    rows = X[:40].astype(float).tolist()
    assert opened.predict(rows) == model.predict(FRAME[:40] if name == "DataFrame" else X[:40]).tolist()


@pytest.mark.filterwarnings("ignore")
def test_affinity_propagation_that_did_not_converge():
    model = AffinityPropagation(max_iter=1, convergence_iter=1, random_state=0).fit(X)
    assert len(model.cluster_centers_) == 0 and set(model.predict(X)) == {-1}
    compilation = compile_model(model)
    assert compilation.report.methods["predict"].compared >= 500
    assert {entry["outputs"]["predict"] for entry in compilation.golden} == {-1}

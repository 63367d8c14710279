"""CatBoost: pickles, its own files, DataFrames; what is refused, with the reason."""

import json
import pickle

import catboost as cb
import numpy as np
import pandas as pd
import pytest

from iris_model.compiler import compile_model, describe_original
from iris_model.engine import load
from iris_model.errors import ModelFileError, UnsupportedModel
from iris_model.runtime.executors.original import OriginalModel

random = np.random.RandomState(0)
X = random.normal(size=(120, 3))
Y = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 1)]
SIZE = {"iterations": 4, "depth": 2, "verbose": 0, "allow_writing_files": False, "thread_count": 1}


def compiled(path, tmp_path):
    compilation = compile_model(path)
    target = tmp_path / "model.safetensors"
    target.write_bytes(compilation.data)
    return load(str(target)), compilation


def test_a_pickle_is_opened_without_trust(tmp_path):
    fitted = cb.CatBoostClassifier(**SIZE).fit(X, Y)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(fitted))
    model, compilation = compiled(path, tmp_path)
    assert (compilation.source["library"], compilation.source["class"]) == (
        "catboost",
        "catboost.core.CatBoostClassifier",
    )
    assert model.predict(X.tolist()) == fitted.predict(X).ravel().tolist()
    assert compilation.report.thresholds == compilation.report.thresholds_total > 0


def test_its_own_file_is_opened_as_what_the_loss_says(tmp_path):
    path = tmp_path / "model.cbm"
    classifier = cb.CatBoostClassifier(**SIZE).fit(X, Y)
    classifier.save_model(str(path))
    np.testing.assert_allclose(compiled(path, tmp_path)[0].predict_proba(X.tolist()), classifier.predict_proba(X))
    regressor = cb.CatBoostRegressor(**SIZE, loss_function="Tweedie:variance_power=1.5").fit(X, np.exp(X[:, 0]))
    regressor.save_model(str(path))
    np.testing.assert_allclose(compiled(path, tmp_path)[0].predict(X.tolist()), regressor.predict(X), rtol=1e-9)
    path.write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="catboost cannot read it"):
        compile_model(path)


def test_columns_of_a_frame_keep_their_names(tmp_path):
    frame = pd.DataFrame(X, columns=["length", "width", "height"])
    fitted = cb.CatBoostRegressor(**SIZE).fit(frame, X[:, 0])
    model, _ = compiled(fitted, tmp_path)
    assert model.signature["named"] and [one["name"] for one in model.signature["columns"]] == list(frame.columns)


def test_texts_embeddings_and_a_loss_of_the_users_are_refused():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    texts = frame.assign(a=random.choice(["good film", "bad film", "a day"], 120))
    with pytest.raises(UnsupportedModel, match="text features"):
        compile_model(cb.CatBoostClassifier(**SIZE, text_features=["a"]).fit(texts, Y))
    vectors = frame.assign(a=list(X))
    with pytest.raises(UnsupportedModel, match="embedding features"):
        compile_model(cb.CatBoostClassifier(**SIZE, embedding_features=["a"]).fit(vectors, Y))
    with pytest.raises(UnsupportedModel, match="its loss 'RMSEWithUncertainty' is not supported"):
        compile_model(cb.CatBoostRegressor(**SIZE, loss_function="RMSEWithUncertainty").fit(X, X[:, 0]))
    with pytest.raises(UnsupportedModel, match="not fitted"):
        compile_model(cb.CatBoostClassifier(**SIZE))


def test_another_threshold_of_probability_is_refused():
    fitted = cb.CatBoostClassifier(**SIZE).fit(X, Y == "a")
    fitted.set_probability_threshold(0.3)
    with pytest.raises(UnsupportedModel, match=r"probability threshold is 0\.3"):
        compile_model(fitted)


def test_the_original_answers_a_label_per_row(tmp_path):
    path = tmp_path / "model.pkl"
    fitted = cb.CatBoostClassifier(**SIZE).fit(X, Y)
    path.write_bytes(pickle.dumps(fitted))
    description = describe_original(path)
    written = {"signature": description.signature, "source": description.source}
    path.with_name("model.signature.json").write_text(json.dumps(written), encoding="utf-8")
    right = fitted.predict(X).ravel().tolist()
    assert OriginalModel(str(path)).evaluate(X.tolist(), ("predict",))[0] == right
    assert all(isinstance(entry["outputs"]["predict"], str) for entry in description.golden)

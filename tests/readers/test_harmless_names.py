"""Unneeded objects inside fitted models open, and none of their code runs."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy import stats
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from iris_model.errors import UntrustedModel
from iris_model.readers import open_model

RANDOM = np.random.RandomState(0)
FRAME = pd.DataFrame({"a": RANDOM.normal(size=60), "b": RANDOM.normal(size=60), "c": RANDOM.choice(list("xyz"), 60)})
LABELS = (FRAME.a > 0).astype(int)
NUMBERS = FRAME[["a", "b"]]


def models(directory):
    selected = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include=np.number)),
        (OneHotEncoder(), make_column_selector(dtype_exclude=np.number)),
    )
    search = RandomizedSearchCV(
        RandomForestClassifier(3),
        {"max_depth": stats.randint(1, 5), "min_samples_split": stats.uniform(0.1, 0.5)},
        n_iter=2,
        random_state=0,
    )
    steps = [("scale", StandardScaler()), ("model", LogisticRegression())]
    return {
        "selectors": (make_pipeline(selected, LogisticRegression()), FRAME),
        "clip": (
            make_pipeline(FunctionTransformer(np.clip, kw_args={"a_min": -1, "a_max": 1}), LogisticRegression()),
            NUMBERS,
        ),
        "nan_to_num": (make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression()), NUMBERS),
        "mutual information": (make_pipeline(SelectKBest(mutual_info_classif, k=1), LogisticRegression()), NUMBERS),
        "a cache": (Pipeline(steps, memory=joblib.Memory(directory / "cache", verbose=0)), NUMBERS),
        "distributions": (search, NUMBERS),
        "callbacks": (
            xgboost.XGBClassifier(n_estimators=3, callbacks=[xgboost.callback.EvaluationMonitor()]),
            NUMBERS,
        ),
        "a method of text": (
            make_pipeline(TfidfVectorizer(preprocessor=str.lower), LogisticRegression()),
            ["Hello world", "foo Bar", "Hello foo"] * 20,
        ),
    }


NAMES = (
    "selectors",
    "clip",
    "nan_to_num",
    "mutual information",
    "a cache",
    "distributions",
    "callbacks",
    "a method of text",
)


@pytest.mark.parametrize("name", NAMES)
def test_opens_and_answers_the_same(name, tmp_path):
    model, rows = models(tmp_path)[name]
    model.fit(rows, LABELS)
    expected = model.predict(rows).tolist()
    for protocol in (2, 4):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps(model, protocol))
        assert open_model(tmp_path / "m.pkl").estimator.predict(rows).tolist() == expected
    joblib.dump(model, tmp_path / "m.pkl")
    assert open_model(tmp_path / "m.pkl").estimator.predict(rows).tolist() == expected


@pytest.mark.slow
def test_a_distribution_runs_no_text_of_the_file(tmp_path):
    """scipy's distributions run a text with `exec` when Python unpickles them; here scipy.stats is not even imported."""
    distribution = stats.uniform.__class__.__new__(stats.uniform.__class__)
    distribution.__dict__.update(stats.uniform.__dict__)
    model = LogisticRegression().fit(NUMBERS.to_numpy(), LABELS)
    model.carried_ = {"C": stats.uniform(0.1, 0.5)}
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
    code = (
        "import sys\nfrom iris_model.readers import scan_pickle\n"
        "from iris_model.readers.pickled.building import build\n"
        "from iris_model.readers.opening.open import find_global\n"
        f"data = open({str(tmp_path / 'm.pkl')!r}, 'rb').read()\n"
        "made = build(data, lambda module, name: find_global(module, name, ()), ())\n"
        "print(made.carried_['C'])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "which predictions do not need" in said


def test_calling_a_left_out_name_is_refused(tmp_path):
    model = FunctionTransformer(np.vectorize(abs)).fit(NUMBERS.to_numpy())
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model).replace(b"\x8c\x03abs", b"\x8c\x03str"))
    opened = open_model(tmp_path / "m.pkl").estimator
    with pytest.raises(UntrustedModel, match=r"numpy\.vectorize, which was not loaded"):
        opened.transform(NUMBERS.to_numpy())


def test_nobody_is_advised_to_trust_getattr(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.")
    with pytest.raises(UntrustedModel) as caught:
        open_model(tmp_path / "m.pkl")
    assert "--trust builtins" not in caught.value.remedy

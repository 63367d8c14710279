"""The models of bench/engine.py: fitted on made-up data, as the original, as ours, and by other engines."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from bench.engine_peers import find_peers, fit_with_intelex
from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel, load
from iris_model.errors import IrisModelError

TRAINING_ROWS, BATCH_ROWS, FEATURES = 20_000, 10_000, 20
# Models that keep the training rows are trained on fewer.
FEW_TRAINING_ROWS = 2_000


@dataclass(frozen=True)
class Candidate:
    """One fitted model: what to call for our rows (lists), for the original's, and for onnxruntime's."""

    name: str
    least_ratio: float
    """How many times faster than the original one row must be."""
    compiled: CompiledModel
    rows: list[list[Any]]
    original: Callable[[Any], Any]
    original_rows: list[Any]
    peers: dict[str, tuple[Callable[[Any], Any], type[Any]]]
    """Other engines by name: what to call, and the type of the array that it takes."""


def candidates() -> Iterator[Candidate | str]:
    """Each model in turn, or the reason why it is missing."""
    features, labels = make_classification(
        TRAINING_ROWS + BATCH_ROWS, FEATURES, n_informative=10, flip_y=0.1, random_state=0
    )
    asked = features[TRAINING_ROWS:]
    for name, least_ratio, count, make in _numeric_models():
        try:
            estimator = make().fit(features[:count], labels[:count])
            compiled = compile_to_file(estimator, asked[:20])
        except (ImportError, IrisModelError) as error:
            yield f"{name}: {str(error).splitlines()[0]}"
            continue
        answer = estimator.predict_proba if hasattr(estimator, "predict_proba") else estimator.decision_function
        rows = asked.tolist()
        peers = find_peers(estimator, FEATURES)
        for peer, function in fit_with_intelex(name, features[:count], labels[:count]):
            peers[peer] = function, np.float64
        yield Candidate(name, least_ratio, compiled, rows, answer, rows, peers)
    yield _text_pipeline("text pipeline", TfidfVectorizer())
    yield _text_pipeline("text pipeline of hashes", HashingVectorizer())


def compile_to_file(estimator: Any, data: Any) -> CompiledModel:
    """Our form of it, opened from a file as in production."""
    path = Path(tempfile.mkdtemp()) / "model.safetensors"
    path.write_bytes(compile_model(estimator, data=data).data)
    return load(str(path))


def _numeric_models() -> list[tuple[str, float, int, Callable[[], Any]]]:
    def xgboost() -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(n_estimators=100, n_jobs=1)

    def lightgbm() -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1)

    return [
        ("logistic regression", 20, TRAINING_ROWS, LogisticRegression),
        ("forest of 100 trees", 20, TRAINING_ROWS, lambda: RandomForestClassifier(100, n_jobs=1, random_state=0)),
        ("HistGradientBoosting", 1, TRAINING_ROWS, lambda: HistGradientBoostingClassifier(random_state=0)),
        ("XGBoost", 1, TRAINING_ROWS, xgboost),
        ("LightGBM", 1, TRAINING_ROWS, lightgbm),
        ("SVC", 1, FEW_TRAINING_ROWS, SVC),
        ("kNN, brute", 1, FEW_TRAINING_ROWS, lambda: KNeighborsClassifier(algorithm="brute")),
        ("kNN, tree", 1, FEW_TRAINING_ROWS, lambda: KNeighborsClassifier(algorithm="kd_tree")),
    ]


def _text_pipeline(name: str, vectorizer: Any) -> Candidate | str:
    numbers = random.Random(0)
    words = ["".join(numbers.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(5_000)]
    documents = [" ".join(numbers.choices(words, k=40)) for _ in range(BATCH_ROWS)]
    estimator = make_pipeline(vectorizer, LogisticRegression())
    estimator.fit(documents, [index % 2 for index in range(BATCH_ROWS)])
    try:
        compiled = compile_to_file(estimator, None)
    except IrisModelError as error:
        return f"{name}: {str(error).splitlines()[0]}"
    rows = [[document] for document in documents]
    return Candidate(name, 1, compiled, rows, estimator.predict_proba, documents, {})

"""Other engines for the models of bench/engine.py: each as a function of rows, where it is installed and takes the model.

Every one gets an array that is ready, in the type that it computes with, and one thread. `pip install treelite tl2cgen
scikit-learn-intelex` brings those that `iris-model[test]` does not.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

MOST_NODES_IN_C = 50_000

# Rows in, what `predict_proba` or `decision_function` of the original gives.
Answer = Callable[[Any], Any]


def find_peers(estimator: Any, features: int) -> dict[str, tuple[Answer, type[Any]]]:
    """The function of each peer by its name, and the type of the array that it takes."""
    found: dict[str, tuple[Answer, type[Any]]] = {}
    for name, make in PEERS.items():
        # Each library refuses a model in its own way, and then it is no peer.
        with contextlib.suppress(Exception):
            found[name] = make(estimator, features)
    return found


def _pairs(positive: Any) -> Any:
    """The probability of the second of two classes as that of both."""
    positive = np.asarray(positive, np.float64).reshape(-1)
    return np.column_stack([1.0 - positive, positive])


def _lightgbm(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    booster = estimator.booster_
    return lambda rows: _pairs(booster.predict(rows, num_threads=1)), np.float64


def _xgboost(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    booster = estimator.get_booster()
    return lambda rows: _pairs(booster.inplace_predict(rows)), np.float32


def _onnxruntime(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    from onnxruntime import InferenceSession, SessionOptions
    from skl2onnx import to_onnx

    model = to_onnx(estimator, np.zeros((1, features), np.float32), options={"zipmap": False})
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda rows: session.run(None, {name: rows})[1], np.float32


def _load_treelite(estimator: Any) -> Any:
    import treelite

    if hasattr(estimator, "booster_"):
        return treelite.frontend.from_lightgbm(estimator.booster_)
    if hasattr(estimator, "get_booster"):
        return treelite.frontend.from_xgboost(estimator.get_booster())
    return treelite.sklearn.import_model(estimator)


def _shape(values: Any) -> Any:
    values = np.asarray(values).reshape(len(values), -1)
    return _pairs(values) if values.shape[1] == 1 else values


def _treelite(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    import treelite

    model = _load_treelite(estimator)
    kind = np.float32 if hasattr(estimator, "get_booster") else np.float64
    return lambda rows: _shape(treelite.gtil.predict(model, rows, nthread=1)), kind


def _tl2cgen(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    import tl2cgen

    if sum(tree.tree_.node_count for tree in getattr(estimator, "estimators_", ())) > MOST_NODES_IN_C:
        raise ValueError("a C compiler takes many minutes for so many nodes")
    path = f"{tempfile.mkdtemp()}/model.so"
    tl2cgen.export_lib(_load_treelite(estimator), toolchain="gcc", libpath=path, params={"parallel_comp": 8})
    predictor = tl2cgen.Predictor(path, nthread=1)
    kind = np.float32 if hasattr(estimator, "get_booster") else np.float64
    return lambda rows: _shape(predictor.predict(tl2cgen.DMatrix(rows, dtype=kind.__name__))), kind


def _daal4py(estimator: Any, features: int) -> tuple[Answer, type[Any]]:
    """What scikit-learn-intelex brings: boosted trees that are converted, other models that are fitted by its own classes."""
    import daal4py

    source = estimator.booster_ if hasattr(estimator, "booster_") else estimator.get_booster()
    converted = daal4py.mb.convert_model(source)
    return lambda rows: converted.predict_proba(rows), np.float64


PEERS: dict[str, Callable[[Any, int], tuple[Answer, type[Any]]]] = {
    "Booster.predict": _lightgbm,
    "inplace_predict": _xgboost,
    "onnxruntime": _onnxruntime,
    "treelite": _treelite,
    "tl2cgen's C": _tl2cgen,
    "daal4py": _daal4py,
}


def fit_with_intelex(name: str, features: Any, labels: Any) -> Iterator[tuple[str, Answer]]:
    """The same model fitted by scikit-learn-intelex, where it has one of its own."""
    with contextlib.suppress(ImportError):
        from sklearnex.linear_model import LogisticRegression
        from sklearnex.neighbors import KNeighborsClassifier
        from sklearnex.svm import SVC

        kinds: dict[str, Any] = {
            "logistic regression": LogisticRegression,
            "SVC": SVC,
            "kNN, brute": lambda: KNeighborsClassifier(algorithm="brute"),
            "kNN, tree": lambda: KNeighborsClassifier(algorithm="kd_tree"),
        }
        if name in kinds:
            fitted = kinds[name]().fit(features, labels)
            yield "scikit-learn-intelex", getattr(fitted, "decision_function" if name == "SVC" else "predict_proba")


def describe_exactness(theirs: Any, original: Any) -> str:
    """How far an answer is from that of the original."""
    theirs, original = np.asarray(theirs, np.float64), np.asarray(original, np.float64)
    if theirs.ndim == 2 and original.ndim == 1:
        theirs = theirs[:, -1]  # a column, or both classes of a decision
    if theirs.shape != original.shape:
        return "another shape"
    scale = np.maximum(np.abs(original), 1.0)
    largest = float(np.max(np.abs(theirs - original) / scale))
    wrong = 0
    if original.ndim == 2:
        wrong = int(np.sum(theirs.argmax(axis=1) != original.argmax(axis=1)))
    off = "the same" if largest == 0 else f"off by {largest:.0e}"
    return off + (f", {wrong} other labels" if wrong else "")

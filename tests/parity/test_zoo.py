"""Every animal of the zoo, compiled and compared with scikit-learn by a comparison that is not the compiler's own."""

import pickle
import warnings
from importlib import import_module
from pathlib import Path

import joblib
import numpy as np
import pytest

from iris_model.compiler import compile_model
from iris_model.engine import load
from tests.parity.choosing import one_of_each
from tests.parity.splits import find_splits
from tests.parity.zoo import fit

# Each zoo*.py here has its animals: an estimator with its parameters, trained on a data set. `make test` runs each class
# of estimators once; `make e2e` runs all with all data sets, and SLOW_ANIMALS.
ZOOS = [import_module(f"tests.parity.{path.stem}") for path in sorted(Path(__file__).parent.glob("zoo*.py"))]
ANIMALS = [animal for zoo in ZOOS for animal in zoo.ANIMALS]
QUICK = one_of_each((name, estimator) for name, estimator, *_ in ANIMALS)
CASES = [pytest.param(*animal, id=name, marks=[] if name in QUICK else [pytest.mark.slow]) for name, *animal in ANIMALS]
CASES += [
    pytest.param(*animal[1:], id=f"{animal[0]} (slow)", marks=pytest.mark.slow)
    for zoo in ZOOS
    for animal in getattr(zoo, "SLOW_ANIMALS", ())
]

METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")


def probe_rows(estimator, data):
    """Training rows, and rows put together of the estimator's own thresholds and their neighbours."""
    X = data.X
    random = np.random.RandomState(99)
    rows = [X.astype(np.float64), random.uniform(data.low, data.high, size=(60, X.shape[1])), np.zeros((1, X.shape[1]))]
    columns, thresholds = find_splits(estimator)
    if len(columns):
        narrow = thresholds.astype(np.float32)
        near = [thresholds, np.nextafter(thresholds, -np.inf), np.nextafter(thresholds, np.inf), narrow.astype(float)]
        near += [np.nextafter(narrow, np.float32(end)).astype(float) for end in (-np.inf, np.inf)]
        table = np.repeat(X[random.randint(len(X), size=len(thresholds))].astype(np.float64), len(near), axis=0)
        table[np.arange(len(table)), np.repeat(columns, len(near))] = np.column_stack(near).ravel()
        rows.append(table)
    table = np.concatenate(rows)
    # A split of missing values from all others has an infinite threshold, and so no neighbour in float32.
    return table[~(np.abs(table) > np.finfo(np.float32).max).any(axis=1)]


def save(estimator, directory):
    """Written as users do, with pickle and with joblib in turn, so that each animal is opened as well."""
    if len(repr(estimator)) % 2:
        path = directory / "model.joblib"
        joblib.dump(estimator, path)
    else:
        path = directory / "model.pkl"
        path.write_bytes(pickle.dumps(estimator))
    return path


def answers_of(estimator, method, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = getattr(estimator, method)(rows)
        if method == "predict" and type(estimator).__module__ == "catboost.core" and answers.shape[1:] == (1,):
            # Of several classes, CatBoost makes a table of one column of labels; a label per row is what is wanted.
            answers = answers.ravel()
        return answers.toarray() if hasattr(answers, "toarray") else answers


def assert_same(actual, expected, label):
    if isinstance(expected, list):
        assert len(expected) == len(actual[0])
        for index, part in enumerate(expected):
            assert_same([row[index] for row in actual], part, label)
    elif label:
        expected = expected.tolist()
        assert actual == expected
        assert [type(cell) for cell in np.ravel(np.array(actual, object))] == [
            type(cell) for cell in np.ravel(np.array(expected, object))
        ]
    else:
        actual = np.array(actual)
        assert actual.shape == expected.shape
        # What a library computes in float32 is only that exact.
        relative = 1e-6 if expected.dtype == np.float32 else 1e-9
        np.testing.assert_allclose(actual, expected, rtol=relative, atol=1e-3 * relative * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize(("estimator", "data"), CASES)
def test_compiled_model_answers_as_the_original(estimator, data, tmp_path, record_property):
    record_property("parity", "wrong")
    fitted = fit(estimator, data)
    compilation = compile_model(save(fitted, tmp_path), trust=["tests", "skl2onnx"])
    path = tmp_path / "model.safetensors"
    path.write_bytes(compilation.data)
    model = load(str(path))
    X = probe_rows(fitted, data)
    rows = [[None if np.isnan(cell) else cell for cell in row] for row in X.tolist()]
    offered = [method for method in METHODS if hasattr(fitted, method)]
    # If there is a prediction, these two are optional.
    needed = [method for method in offered if method not in ("score_samples", "transform") or "predict" not in offered]
    assert set(needed) <= set(model.outputs) <= set(offered)
    if hasattr(fitted, "n_jobs"):
        # With threads the original adds its trees in whatever order they finish, and ties fall this way or that.
        fitted.n_jobs = 1
    for method in model.outputs:
        expected = answers_of(fitted, method, X)
        is_label = model.signature["outputs"][method]["kind"] == "label"
        assert is_label == (method == "predict" and model.signature["task"] != "regressor")
        assert_same(getattr(model, method)(rows), expected, is_label)
    record_property("rows", len(X) + compilation.report.row_count)
    record_property("parity", "exact")

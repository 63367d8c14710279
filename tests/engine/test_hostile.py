"""Damaged and hostile compiled models of many families: an answer or a clear error; never a crash, a hang, or all memory.

A seeded mutator changes what an attacker would: offsets, shapes, types, indices, attributes, the order of nodes. It runs with
the C kernels where they are built, and without.
"""

from __future__ import annotations

import random
import resource
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import NuSVC

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, ModelFormatError, native
from iris_model.engine import load as load_model
from tests.fuzz.mutations import MUTATORS, join, split
from tests.support.spread import spread

RANDOM = np.random.default_rng(3)
NUMBERS = RANDOM.normal(size=(45, 3)).round(2)
COUNTS = RANDOM.integers(0, 3, size=(45, 3)).astype(float)
LABELS = np.arange(45) % 3
DOCUMENTS = ["one two three", "two four", "five one one", "six two", "three"] * 9
MUTATIONS = 25
SECONDS = 5.0
MOST_MEMORY = 1 << 30


def fitted() -> dict[str, tuple[Any, Any]]:
    """Small models that between them use most operators, and rows for them."""
    tree = {"max_depth": 3, "n_estimators": 3, "random_state": 0}
    on_numbers: dict[str, Any] = {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestClassifier(**tree),
        "boosting": GradientBoostingClassifier(**tree),
        "adaboost": AdaBoostClassifier(n_estimators=3, random_state=0),
        "isolation": IsolationForest(n_estimators=3, random_state=0),
        "svm": NuSVC(nu=0.3),
        "neighbors": KNeighborsClassifier(3, algorithm="brute", metric="manhattan"),
        "products": KNeighborsClassifier(3, algorithm="brute"),
        "kd tree": KNeighborsClassifier(3, algorithm="kd_tree", leaf_size=4),
        "ball tree": KNeighborsClassifier(3, algorithm="ball_tree", leaf_size=4, metric="canberra"),
        "radius": RadiusNeighborsClassifier(2.0, outlier_label=0),
        "centers": KMeans(3, n_init=1, random_state=0),
        "tree of centers": BisectingKMeans(5, n_init=1, random_state=0),
        "bayes": GaussianNB(),
        "process": GaussianProcessClassifier(),
        "network": MLPClassifier((4,), max_iter=5, random_state=0),
    }
    models = {name: (estimator.fit(NUMBERS, LABELS), NUMBERS) for name, estimator in on_numbers.items()}
    categorical = HistGradientBoostingClassifier(max_iter=3, categorical_features=[0], min_samples_leaf=2)
    models["categories"] = categorical.fit(COUNTS, LABELS), COUNTS
    models["category counts"] = CategoricalNB().fit(COUNTS, LABELS), COUNTS
    columns = make_column_transformer((OneHotEncoder(), [0, 1]), remainder="passthrough")
    models["columns"] = make_pipeline(columns, LogisticRegression()).fit(COUNTS, LABELS), COUNTS
    models["isotonic"] = IsotonicRegression(out_of_bounds="clip").fit(NUMBERS[:, 0], LABELS), NUMBERS[:, :1]
    models["text"] = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(DOCUMENTS, LABELS), DOCUMENTS
    return models


@pytest.fixture(scope="module")
def compiled() -> dict[str, tuple[bytes, list[Any]]]:
    files = {}
    for name, (estimator, data) in fitted().items():
        text = isinstance(data, list)
        rows = [[document] for document in data] if text else data.tolist()
        files[name] = compile_model(estimator, data=None if text else data).data, rows
    return files


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """Little more memory than now, and an alarm for what does not end."""

    def give_up(number: int, frame: object) -> None:
        raise AssertionError("it does not end")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    kept = signal.signal(signal.SIGALRM, give_up)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
    signal.signal(signal.SIGALRM, kept)
    native._found.clear()


FAMILIES = [*fitted()]


@pytest.mark.parametrize("kernels", ["with kernels", "in Python"])
@pytest.mark.parametrize("family", spread(FAMILIES, 3))
def test_an_answer_or_a_clear_error(
    compiled: dict[str, tuple[bytes, list[Any]]], family: str, kernels: str, tmp_path: Path
) -> None:
    native._found[:] = [None] if kernels == "in Python" else []
    numbers = random.Random(family)
    data, rows = compiled[family]
    path = tmp_path / "model.safetensors"
    for _ in range(MUTATIONS):
        header, tensors = split(data)
        mutator = numbers.choice(MUTATORS)
        path.write_bytes(mutator(header, tensors, numbers))
        ask(path, rows[:1], mutator.__name__)
        ask(path, rows * 2, mutator.__name__)


def ask(path: Path, rows: list[Any], what: str) -> None:
    """Every output of the file at `path`."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        model = load_model(str(path))
        for output in list(model.outputs):
            try:
                answers = model.evaluate(rows, (output,))
            except InvalidInput as error:  # a number became infinite, a column another one
                assert str(error)
            else:
                assert len(answers) == 1, what
    except ModelFormatError as error:
        assert "compile" in str(error) and str(path) in str(error), what
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.parametrize("shape", [[2**40, 0], [2**40, 0, 1], [0, 2**40]])
@pytest.mark.parametrize("family", ["linear", "products", "svm", "kd tree", "forest"])
def test_rows_without_cells(
    compiled: dict[str, tuple[bytes, list[Any]]], family: str, shape: list[int], tmp_path: Path
) -> None:
    """A tensor of no bytes may say that it has any number of rows."""
    data, rows = compiled[family]
    path = tmp_path / "model.safetensors"
    for name in [name for name in split(data)[0] if name != "__metadata__"]:
        header, tensors = split(data)
        header[name] = {"dtype": "F64", "shape": shape, "data_offsets": [0, 0]}
        path.write_bytes(join(header, tensors))
        for asked in (rows[:1], rows * 2):
            ask(path, asked, name)


@pytest.mark.parametrize(
    ("key", "value"), [("classes", 5), ("classes", "a"), ("classes", {}), ("columns", {}), ("columns", "")]
)
@pytest.mark.parametrize("family", ["neighbors", "text"])
def test_a_signature_of_other_types(
    compiled: dict[str, tuple[bytes, list[Any]]], family: str, key: str, value: Any, tmp_path: Path
) -> None:
    header, tensors = split(compiled[family][0])
    header["__metadata__"]["signature"][key] = value
    path = tmp_path / "model.safetensors"
    path.write_bytes(join(header, tensors))
    with pytest.raises(ModelFormatError):
        load_model(str(path))


@pytest.mark.parametrize("depth", [900, 20_000, 500_000])
@pytest.mark.parametrize("part", ["header", "graph", "signature"])
def test_deep_json(tmp_path: Path, part: str, depth: int, compiled: dict[str, tuple[bytes, list[Any]]]) -> None:
    header, tensors = split(compiled["linear"][0])
    deep = "[" * depth + "]" * depth
    path = tmp_path / "model.safetensors"
    if part == "header":
        text = ('{"__metadata__": ' + deep + "}").encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text)
    else:
        header["__metadata__"][part] = deep
        path.write_bytes(join(header, tensors))
    with pytest.raises(ModelFormatError):
        load_model(str(path))

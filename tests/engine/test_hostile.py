"""Damaged and hostile compiled models of many families: an answer or a clear error; never a crash, a hang, or all memory.

A seeded mutator changes what an attacker would: offsets, shapes, types, indices, attributes, the order of nodes. It runs with
the C kernels where they are built, and without.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import struct
from collections.abc import Callable, Iterator
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

RANDOM = np.random.default_rng(3)
NUMBERS = RANDOM.normal(size=(45, 3)).round(2)
COUNTS = RANDOM.integers(0, 3, size=(45, 3)).astype(float)
LABELS = np.arange(45) % 3
DOCUMENTS = ["one two three", "two four", "five one one", "six two", "three"] * 9
MUTATIONS = 25
SECONDS = 5.0
MOST_MEMORY = 1 << 30

WORDS = ["", "rows", "mean", "predict", "\0", "a" * 1000]
NUMBERS_OF_JSON = [-1, 0, 1, 7, 255, 2**31, 2**63, 10**9, 10**30, -(2**40), 0.5, 1e308, -1e-320]
VALUES: list[Any] = [None, True, [], {}, [None], [[]], [1, "a"], {"a": 1}, *WORDS, *NUMBERS_OF_JSON]


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


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    for name in ("graph", "signature", "source"):
        header["__metadata__"][name] = json.loads(header["__metadata__"][name])
    return header, data[8 + length :]


def join(header: dict[str, Any], tensors: bytes) -> bytes:
    metadata = header.get("__metadata__")
    if isinstance(metadata, dict):
        packed = {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}
        header = {**header, "__metadata__": packed}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + tensors


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


def change_json(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """One place of the header, the graph or the signature: another value, another place's value, or nothing."""
    found = [place for place in places(header) if place[1] not in ("source", "format")]
    container, key = numbers.choice(found)
    choice = numbers.random()
    if choice < 0.5:
        container[key] = numbers.choice(VALUES)
    elif choice < 0.85:
        other, at = numbers.choice(found)
        container[key] = json.loads(json.dumps(other[at]))
    else:
        del container[key]
    return join(header, tensors)


def change_number(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """One element of a tensor."""
    if not tensors:
        return join(header, tensors)
    place = numbers.randrange(len(tensors)) // 8 * 8
    wrong = numbers.choice(
        [b"\xff" * 8, b"\0" * 8, struct.pack("<d", float("nan")), struct.pack("<q", 2**31), b"\x7f" * 4]
    )
    return join(header, tensors[:place] + wrong + tensors[place + len(wrong) :])


def change_bytes(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """A few bytes anywhere, or the end missing."""
    data = bytearray(join(header, tensors))
    for _ in range(numbers.randrange(1, 9)):
        data[numbers.randrange(len(data))] = numbers.randrange(256)
    return bytes(data[: numbers.randrange(len(data))] if numbers.random() < 0.1 else data)


def change_offsets(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """A tensor that begins elsewhere: over another, misaligned, or beyond the end."""
    names = [name for name in header if name != "__metadata__"]
    if names:
        entry = header[numbers.choice(names)]
        by = numbers.choice([1, 3, 4, 8, -8, 16, 64, 2**40])
        entry["data_offsets"] = [offset + by for offset in entry["data_offsets"]]
    return join(header, tensors)


def change_shape(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """The same numbers in another shape or of another type."""
    names = [name for name in header if name != "__metadata__"]
    if names:
        entry = header[numbers.choice(names)]
        size = int(np.prod(entry["shape"]))
        entry["shape"] = numbers.choice(
            [[size], [size, 1], [1, size], [1, 1, size], [0], [2**40, 2**40], entry["shape"][::-1]]
        )
        entry["dtype"] = numbers.choice([entry["dtype"], entry["dtype"], "I64", "U8", "F32"])
    return join(header, tensors)


def reorder(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """Nodes that need each other, or themselves."""
    nodes = header["__metadata__"]["graph"]["nodes"]
    one, other = numbers.choice(nodes), numbers.choice(nodes)
    one["inputs"] = [other["output"] for _ in one["inputs"]]
    if numbers.random() < 0.5:
        numbers.shuffle(nodes)
    return join(header, tensors)


MUTATORS: list[Callable[[dict[str, Any], bytes, random.Random], bytes]] = [
    change_json, change_json, change_number, change_number, change_bytes, change_offsets, change_shape, reorder,
]  # fmt: skip
FAMILIES = [*fitted()]


@pytest.mark.parametrize("kernels", ["with kernels", "in Python"])
@pytest.mark.parametrize("family", FAMILIES)
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

"""Large vocabularies lie in the file as sorted bytes: the same counts as with a dict, by the kernel and by Python."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iris_model.compiler import compile_model
from iris_model.compiler.emit import MANY_TERMS, emit
from iris_model.engine import load, native
from iris_model.engine.operators.documents import count_terms
from iris_model.engine.terms import Terms
from iris_model.readers import read_estimator
from tests.support.spread import spread

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_éß日本"


@pytest.fixture(params=["with kernels", "without"], autouse=True)
def _kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.param == "without":
        native._found[:] = [None]
    yield
    native._found.clear()


def words(seed: int, count: int) -> list[str]:
    source = random.Random(seed)
    return sorted({"".join(source.choices(LETTERS, k=source.randrange(2, 9))) for _ in range(count)})


def tensors(vocabulary: dict[str, int]) -> dict[str, Any]:
    encoded = sorted((term.encode("utf-8", "surrogatepass"), column) for term, column in vocabulary.items())
    return {
        "term_letters": memoryview(b"".join(letters for letters, _ in encoded)),
        "term_ends": memoryview(np.cumsum([len(letters) for letters, _ in encoded]).astype(np.int32)),
        "term_columns": memoryview(np.array([column for _, column in encoded], np.int32)),
    }


def documents(known: list[str], seed: int, count: int) -> list[list[str]]:
    source = random.Random(seed)
    known = [*known, "unknown", "AB", "\ud800x"]
    return [[" ".join(source.choices(known, k=20))] for _ in range(count)] + [[""], ["日本 é"], ["\ud800x \ud800x"]]


def test_every_term_is_found_and_no_other() -> None:
    known = words(1, 3_000)
    vocabulary = {term: column for column, term in enumerate(known)} | {"\ud800": len(known)}
    terms = Terms(**{name.removeprefix("term_"): tensor for name, tensor in tensors(vocabulary).items()})
    assert len(terms) == len(vocabulary)
    assert all(terms.get(term) == column for term, column in vocabulary.items())
    assert all(terms.get(term) is None for term in ("", "a", "zzzzzzzzzzzz", "\U0010ffff") if term not in vocabulary)


@pytest.mark.parametrize("analyzer", ["word", "char"])
@pytest.mark.parametrize("binary", [False, True])
def test_counts_are_those_of_a_dict(analyzer: str, binary: bool) -> None:
    known = words(2, 500)
    order = random.Random(0).sample(range(len(known)), len(known))
    vocabulary = dict(zip(known, order, strict=True))
    parameters: Any = {"binary": binary, "analyzer": analyzer, "ngrams": [1, 1], "lowercase": True}
    rows = documents(known, 3, 40)
    for asked in (rows, rows[:2]):
        expected = [dict(row) for row in count_terms(asked, vocabulary=vocabulary, **parameters)]
        assert [dict(row) for row in count_terms(asked, **tensors(vocabulary), **parameters)] == expected


@pytest.mark.parametrize("part", spread(["term_letters", "term_ends", "term_columns"], 3))
def test_damaged_terms_never_read_outside_the_file(part: str) -> None:
    known = words(4, 300)
    vocabulary = {term: column for column, term in enumerate(known)}
    parameters: Any = {"binary": False, "analyzer": "word", "ngrams": [1, 1], "lowercase": True}
    source = random.Random(part)
    for _ in range(200):
        parts = {name: list(tensor) for name, tensor in tensors(vocabulary).items()}
        wrong = source.choice([0, 255]) if part == "term_letters" else source.choice([-1, 0, 2**31 - 1, -(2**31), 7])
        parts[part][source.randrange(len(parts[part]))] = wrong
        views = {
            "term_letters": memoryview(bytes(parts["term_letters"])),
            "term_ends": memoryview(np.array(parts["term_ends"], np.int32)),
            "term_columns": memoryview(np.array(parts["term_columns"], np.int32)),
        }
        rows = documents(known, source.randrange(100), 20)
        assert len(count_terms(rows, **views, **parameters)) == len(rows)


@pytest.mark.slow
def test_a_compiled_model_of_many_terms(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    known = words(5, MANY_TERMS + 2_000)
    texts = [" ".join(known[start : start + 40]) for start in range(0, len(known), 40)] * 2
    model = make_pipeline(TfidfVectorizer(token_pattern=r"(?u)\S+"), LogisticRegression())
    model.fit(texts, [place % 2 for place in range(len(texts))])
    path = tmp_path / "model.safetensors"
    path.write_bytes(compile_model(model).data)
    compiled = load(str(path))
    header = int.from_bytes(path.read_bytes()[:8], "little")
    assert header < 20_000, "the terms are in the header"
    rows = [[text] for text in [*texts[:30], "nothing that is known", ""]]
    assert compiled.predict_proba(rows) == pytest.approx(model.predict_proba([row[0] for row in rows]), rel=1e-9)
    assert emit(read_estimator(model)) == emit(read_estimator(model))


def test_an_empty_vocabulary_counts_nothing() -> None:
    parameters: Any = {"binary": False, "analyzer": "word", "ngrams": [1, 1], "lowercase": True}
    assert [dict(row) for row in count_terms([["ab"]] * 20, **parameters)] == [{}] * 20

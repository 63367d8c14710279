"""Documents are tokenized as by `re` and scikit-learn, for every Unicode character."""

import re
import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils import murmurhash3_32

from iris_model.engine.operators.documents import murmurhash3, normalize
from iris_model.engine.text import DEFAULT_PATTERN, collapse_spaces, make_analyzer, tokenize

ANALYZERS = [
    ("word", (1, 1), True, None),
    ("word", (1, 3), False, "unicode"),
    ("word", (2, 3), True, "ascii"),
    ("char", (1, 3), True, None),
    ("char", (2, 5), False, "unicode"),
    ("char_wb", (1, 4), True, None),
    ("char_wb", (3, 9), True, "ascii"),
]


def test_word_characters_are_those_of_re():
    # Each character twice, since a token has two or more; a space apart, so that each stands alone.
    every = " ".join(chr(code) * 2 for code in range(sys.maxunicode + 1))
    assert list(tokenize(every)) == re.findall(DEFAULT_PATTERN, every)


def test_space_characters_are_those_of_re():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert {char for char in every if char.isspace()} == set(re.findall(r"\s", every))


@given(st.text())
def test_spaces_collapse_as_re_does_it(document):
    assert collapse_spaces(document) == re.sub(r"\s\s+", " ", document)


@pytest.mark.parametrize(("analyzer", "ngrams", "lowercase", "accents"), ANALYZERS)
@given(document=st.text() | st.text(alphabet="ab cé\n\t_ß.İ1"))
def test_terms_are_those_of_scikit_learn(analyzer, ngrams, lowercase, accents, document):
    vectorizer = CountVectorizer(analyzer=analyzer, ngram_range=ngrams, lowercase=lowercase, strip_accents=accents)
    ours = make_analyzer(analyzer, ngrams, lowercase, accents, None, None)(document)
    assert ours == vectorizer.build_analyzer()(document)


def test_accents_need_no_ascii():
    assert make_analyzer("char", (1, 1), False, "unicode", None, None)("é") == ["e"]
    assert unicodedata.normalize("NFKD", "é") != "é"


@given(st.binary())
def test_hash_is_murmurs(data):
    assert murmurhash3(data) == murmurhash3_32(data, positive=True)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_norms_of_sparse_rows_are_those_of_dense_ones(row):
    sparse = dict(enumerate(row))
    for norm in ("l1", "l2", "max"):
        [dense] = normalize([row], norm=norm)
        assert list(normalize([sparse], norm=norm)[0].values()) == dense
        assert np.isfinite(dense).all()

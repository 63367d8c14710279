"""Labels of pandas in pickles: `frame.columns` of a ColumnTransformer opens; frames, and what is no label, do not."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from iris_model.compiler import compile_model
from iris_model.errors import IrisModelError, UntrustedModel
from iris_model.readers import open_model
from iris_model.readers.pickled.bad_call import BadCall
from iris_model.readers.pickled.indexes import IndexKind, Texts, make_index, restore_texts
from tests.support.spread import spread

RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {"a": RANDOM.normal(size=60), "größe": RANDOM.normal(size=60), "c": RANDOM.choice(list("xyz"), 60)}
)
LABELS = (FRAME.a > 0).astype(int)


def trained(numbers: Any, texts: Any) -> Any:
    columns = ColumnTransformer([("scale", StandardScaler(), numbers), ("encode", OneHotEncoder(), texts)])
    return make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)


@pytest.mark.parametrize("protocol", spread(range(pickle.HIGHEST_PROTOCOL + 1), 5))
@pytest.mark.parametrize("dtype", spread(["str", "object"], 2))
def test_columns_of_a_frame_open_and_compile(dtype: str, protocol: int, tmp_path: Path):
    numbers = FRAME.select_dtypes("number").columns.astype(dtype)
    model = trained(numbers, FRAME.columns[2:].astype(dtype))
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model, protocol))
    opened = open_model(path).estimator
    kept = opened[0].transformers[0][2]
    assert kept.equals(numbers)
    assert kept.dtype == numbers.dtype
    assert (opened.predict_proba(FRAME) == model.predict_proba(FRAME)).all()
    if protocol == pickle.HIGHEST_PROTOCOL:
        assert compile_model(path).source["class"] == "sklearn.pipeline.Pipeline"


def test_columns_in_a_joblib_file(tmp_path: Path):
    model = trained(FRAME.columns[:2], FRAME.columns[2:])
    joblib.dump(model, tmp_path / "m.joblib")
    opened = open_model(tmp_path / "m.joblib").estimator
    assert (opened.predict_proba(FRAME) == model.predict_proba(FRAME)).all()


@pytest.mark.parametrize(
    "labels",
    [
        pd.RangeIndex(1, 9, 2, name="n"), pd.Index([1, 5]), pd.Index([0.5, 2.0]), pd.Index([True, False]),
        pd.Index(["a", None, "ü" * 300], dtype="str"), pd.Index([], dtype="str"),
        pd.Index(["a", 1, None], dtype=object), pd.Index(list("abcdef"), dtype="str")[2:5],
    ],
    ids=str,
)  # fmt: skip
def test_labels_are_equal(labels: Any, tmp_path: Path):
    model = LogisticRegression().fit(FRAME[["a"]], LABELS)
    model.kept_ = labels
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model))
    kept = open_model(path).estimator.kept_
    assert kept.equals(labels)
    assert (type(kept), kept.dtype, kept.name) == (type(labels), labels.dtype, labels.name)


@pytest.mark.parametrize(
    "kept", [FRAME, FRAME.a, pd.Categorical(["a"]), pd.MultiIndex.from_tuples([("a", 1)]), pd.Timestamp(0)], ids=type
)
def test_frames_are_refused_and_named(kept: Any, tmp_path: Path):
    """No estimator of the trusted libraries keeps one. Their blocks are set by states that pandas does not check."""
    model = LogisticRegression().fit(FRAME[["a"]], LABELS)
    model.kept_ = kept
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model))
    with pytest.raises(UntrustedModel, match="pandas"):
        open_model(path)
    assert type(open_model(path, trust=["pandas"]).estimator.kept_) is type(kept)


def test_why_frames_are_refused():
    """A block of a frame takes rows outside of its manager without a check: pandas trusts what it wrote."""
    block = FRAME[["a"]]._mgr.blocks[0]
    rebuild, arguments = block.__reduce__()
    values, _, dimensions = arguments
    assert rebuild(values, slice(7, 8), dimensions).mgr_locs.as_slice == slice(7, 8, 1)


TWO = np.array([0, 1, 2], "<i8").tobytes()


@pytest.mark.parametrize(
    "parts",
    [
        ("large_string", 3, 0, 0, [None, TWO, b"ab"], [], None),
        ("large_string", 2, 0, 1, [None, TWO, b"ab"], [], None),
        ("large_string", -1, 0, 0, [None, TWO, b"ab"], [], None),
        ("large_string", 2, 0, -1, [None, TWO, b"ab"], [], None),
        ("large_string", 1 << 60, 0, 0, [None, TWO, b"ab"], [], None),
        ("large_string", 2, 0, 0, [None, TWO, b"a"], [], None),
        ("large_string", 2, 0, 0, [None, TWO[::-1], b"ab"], [], None),
        ("large_string", 2, 0, 0, [None, TWO[:-1], b"ab"], [], None),
        ("large_string", 2, 0, 0, [b"", TWO, b"ab"], [], None),
        ("large_string", 2, 0, 0, [None, TWO, b"ab"], [1], None),
        ("int64", 2, 0, 0, [None, TWO, b"ab"], [], None),
        ("large_string", 2, 0, 0, [None, TWO], [], None),
        (), None, 3,
    ],
    ids=str,
)  # fmt: skip
def test_texts_outside_of_their_bytes(parts: Any):
    with pytest.raises(BadCall):
        restore_texts(parts)


@pytest.mark.parametrize(
    "state",
    [
        {}, {"data": [1]}, {"data": np.zeros((2, 2))}, {"data": np.array([[1], 2], object)},
        {"data": np.array([LABELS], object)}, {"data": np.zeros(2), "name": [1]}, {"data": np.zeros(2), "more": 1},
        {"data": np.zeros(2, "M8[s]")}, {"start": 0, "stop": 2, "step": 1}, None, {"data": Texts},
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_index_is_refused(state: Any):
    with pytest.raises(BadCall):
        make_index(IndexKind(is_range=False), state)


@pytest.mark.parametrize(
    "state",
    [
        {}, {"start": 0, "stop": 1 << 50, "step": 1}, {"start": 0, "stop": 2, "step": 0},
        {"start": 0, "stop": 2, "step": 1.0}, {"start": 0, "stop": 2, "step": 1, "data": 1},
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_range_is_refused(state: Any):
    with pytest.raises(BadCall):
        make_index(IndexKind(is_range=True), state)


@pytest.mark.parametrize(
    "attack",
    [
        b"cpyarrow.lib\n_restore_array\n(I1\ntR.",
        b"cpandas.core.indexes.base\n_new_Index\n(cpandas.core.frame\nDataFrame\n}tR.",
        b"cpandas.core.indexes.base\n_new_Index\n(cbuiltins\nlist\n}tR.",
        b"cpandas\nIndex\n(I1\ntR.",
        b"cpandas\nIndex\n)\x81}b.",
        b"cpandas.arrays\nArrowStringArray\n)\x81}(V_pa_array\ncpandas\nIndex\nsb.",
    ],
)
def test_other_calls_of_these_names(attack: bytes, tmp_path: Path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x02" + attack)
    with pytest.raises(IrisModelError):
        open_model(path)

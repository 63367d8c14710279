"""The accelerator alone must do what the module `json` does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_model.engine.json_text import make_decoder, make_encoder

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
DECODE = make_decoder()


@given(VALUES)
def test_values_round_trip(value: Any) -> None:
    text = make_encoder()(value)
    assert text == json.dumps(value)
    assert DECODE(text) == value


@given(st.text(alphabet='[]{}",:0123456789.eE+-tfn \n\\u', max_size=12))
def test_texts_are_refused_with_the_same_words(text: str) -> None:
    try:
        expected: Any = json.loads(text)
    except ValueError as error:
        expected = str(error)
        with pytest.raises(ValueError, match=r".") as caught:
            DECODE(text)
        assert str(caught.value) == expected
    else:
        assert repr(DECODE(text)) == repr(expected)


def test_the_encoder_refuses_what_json_refuses() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        make_encoder()([float("nan")])
    with pytest.raises(TypeError, match="Object of type set is not JSON serializable"):
        make_encoder()({1})
    circular: list[Any] = []
    circular.append(circular)
    with pytest.raises(ValueError, match="Circular"):
        make_encoder()(circular)


def test_letters_stay_when_asked() -> None:
    assert make_encoder(ensure_ascii=False)(["é"]) == '["é"]'
    assert make_encoder(ensure_ascii=False)("é") == '"é"'

"""The accelerator alone must do what the module `json` does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iris_model
from iris_model.engine.json_text import make_decoder, make_encoder

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
DECODE = make_decoder()


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from iris_model.engine.json_text import make_decoder
assert "json" not in sys.modules
try:
    print(repr(make_decoder()(sys.argv[2])))
except ValueError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    "text",
    ['{"a" 1}', '{"a":1,}', '"abc', "{1:2}", '["\\q"]', '["\\u12"]', '["\n"]', "[1,]", "[NaN]", "-Infinity", "[1 2]"],
)
def test_malformed_json_without_the_json_module_imported(text: str) -> None:
    """As in a function. There, the accelerator of Python 3.11 fails without a message."""
    source = str(Path(iris_model.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, source, text], capture_output=True, text=True, timeout=30
    )
    try:
        expected = repr(json.loads(text))
    except ValueError as error:
        expected = f"{type(error).__name__} {error}"
    assert done.stdout == expected + "\n", done.stderr


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

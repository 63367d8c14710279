"""Results as JSON: the same text as simplejson, which awslambdaric uses, writes."""

from __future__ import annotations

from collections import namedtuple
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_model.runtime.marshal import decode_event, encode_json

pytestmark = pytest.mark.awslambdaric


@cache
def marshaller() -> Any:
    """AWS's own."""
    return import_module("awslambdaric.lambda_runtime_marshaller").LambdaMarshaller()


Point = namedtuple("Point", "x y")

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.binary(max_size=3).filter(lambda data: data.isascii())
    | st.builds(Point, st.integers(), st.text())
)
KEYS = st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=15,
)


@given(VALUES.filter(lambda value: not isinstance(value, bytes)))
def test_the_same_text_as_awslambdaric(value: Any) -> None:
    assert encode_json(value) == marshaller().marshal_response(value)[0]


@pytest.mark.parametrize("value", [object(), {1, 2}, {(1, 2): 3}, [b"\xff"], {"a": complex(1, 2)}])
def test_unsupported_values_are_refused_as_by_awslambdaric(value: Any) -> None:
    with pytest.raises(Exception, match=r"Unable to marshal response") as theirs:
        marshaller().marshal_response(value)
    with pytest.raises((TypeError, ValueError)) as ours:
        encode_json(value)
    assert str(ours.value) in str(theirs.value)


def test_a_circular_value_is_an_error() -> None:
    value: list[Any] = [Decimal(1)]
    value.append(value)
    with pytest.raises(ValueError, match="Circular reference detected"):
        encode_json(value)


@pytest.mark.parametrize("body", [b"", b"[1,", b"x", b"[1] 2", b"NaN", b"\xff", b'{"a": 1, "a": 2}', b" [1e999] "])
def test_events_are_taken_and_refused_alike(body: bytes) -> None:
    try:
        expected = marshaller().unmarshal_request(body)
    except Exception:
        with pytest.raises(ValueError):
            decode_event(body)
    else:
        assert decode_event(body) == expected

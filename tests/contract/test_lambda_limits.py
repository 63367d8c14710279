"""The shipped packages cannot import the limits, so they repeat the numbers; both must be equal."""

from iris_model.contract import lambda_limits
from iris_model.runtime import events


def test_the_runtime_holds_to_the_same_limits():
    assert events.MAX_REQUEST_BYTES == lambda_limits.MOST_REQUEST_BYTES
    assert events.MAX_RESPONSE_BYTES == lambda_limits.MOST_RESPONSE_BYTES

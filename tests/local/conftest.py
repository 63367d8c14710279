"""One service per runtime, for the tests that do not change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from iris_model.local import FunctionSettings
from tests.support.local_service import HANDLERS, RunningService, running

RUNTIMES = ("iris_model", pytest.param("awslambdaric", marks=pytest.mark.awslambdaric))
Settings = Callable[..., FunctionSettings]


def make_settings(runtime: str = "iris_model", **changes: Any) -> FunctionSettings:
    """A function over the handlers of `tests/support/local_handlers`."""
    values: dict[str, Any] = {
        "name": "behave",
        "directory": HANDLERS,
        "handler": "app.handler",
        "runtime": runtime,
        "route": "/do",
        "stage": "default",
    }
    return FunctionSettings(**values | changes)


# Services of a test's own run AWS's client in `make e2e`, and the shared one in `make test` too.
@pytest.fixture(params=("iris_model", pytest.param("awslambdaric", marks=[pytest.mark.awslambdaric, pytest.mark.slow])))
def settings(request: pytest.FixtureRequest) -> Settings:
    """Makes settings for each runtime in turn."""
    return lambda **changes: make_settings(request.param, **changes)


@pytest.fixture(scope="session", params=RUNTIMES)
def service(request: pytest.FixtureRequest) -> Iterator[RunningService]:
    """A service that no test breaks."""
    with running(make_settings(request.param, timeout_seconds=10)) as service:
        yield service

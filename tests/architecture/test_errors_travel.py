"""An error from another process keeps its message, whatever its arguments are."""

from __future__ import annotations

import pickle

import pytest

from iris_model import errors
from iris_model.errors import IrisModelError


def kinds() -> list[type[IrisModelError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, IrisModelError)]


@pytest.mark.parametrize("kind", kinds())
def test_an_error_comes_whole(kind: type[IrisModelError]):
    first = ["one", "two"] if kind is errors.UnsupportedModel else "the thing"
    error = kind(first, remedy="the fix")  # type: ignore[arg-type]
    if isinstance(error, errors.RegistryError):
        error.status = 503
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.args == error.args

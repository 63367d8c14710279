"""A pytest plugin for the tests of other projects: stand-ins for imports that are not installed here, enough to reach a `fit`.

`PYTHONPATH=tests/support pytest -p peer_suites ...`. Only what a test fits is of interest, never what its project makes of it. So
a converter or its runtime is a stand-in that accepts everything, and parameters that newer libraries dropped are dropped.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
from collections.abc import Sequence
from typing import Any
from unittest.mock import MagicMock

# Left out though some of them could be installed: they are large, or too old for the libraries of today.
ABSENT = (
    "hummingbird",
    "torch",
    "tvm",
    "lightning",
    "py_mini_racer",
    "onnxconverter_common",
    "pyspark",
    "h2o",
    "svmlib",
)


def _take_anything(*_: Any, **__: Any) -> None: ...


class StandIn(types.ModuleType):
    """A module that has every name: classes where the name is capitalized, else a function that returns anything."""

    __version__ = "99.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # An exception, so that it can be raised and caught as well.
        members = {"__init__": _take_anything, "__sklearn_clone__": lambda made: made}
        made = type(name, (Exception,), members) if name[:1].isupper() else MagicMock(name=name)
        setattr(self, name, made)
        return made


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for each module of the projects in `ABSENT`."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        """The specification of a stand-in, or None."""
        if name.partition(".")[0] not in ABSENT:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> Any:
        """A stand-in; it needs nothing run."""
        made = StandIn(spec.name)
        made.__path__ = []
        return made

    def exec_module(self, module: Any) -> None:
        """Nothing: its names are made when they are asked for."""


def _restore_names() -> None:
    """What numpy and scikit-learn had when those tests were written."""
    import numpy as np
    from sklearn import datasets
    from sklearn.utils import all_estimators

    for name, value in {"NaN": np.nan, "float_": np.float64, "bool8": np.bool_}.items():
        if not hasattr(np, name):
            setattr(np, name, value)

    def load_boston(return_X_y: bool = False) -> Any:
        # Gone for ethical reasons. Another data set of its shape trains the same kinds of models.
        table, target = datasets.make_regression(506, 13, n_informative=8, noise=9.0, random_state=7)
        target = (target - target.min()) / 10 + 5
        return (table, target) if return_X_y else types.SimpleNamespace(data=table, target=target)

    vars(datasets)["load_boston"] = load_boston
    for _, cls in all_estimators():
        if "__init__" in vars(cls):
            cls.__init__ = _without_unknown(cls.__init__)


def _without_unknown(init: Any) -> Any:
    parameters = inspect.signature(init).parameters

    @functools.wraps(init)
    def wrapped(self: Any, *arguments: Any, **named: Any) -> None:
        init(self, *arguments, **{name: value for name, value in named.items() if name in parameters})

    return wrapped


# Before pytest loads a conftest, which is before it calls any plugin.
sys.meta_path.insert(0, StandInFinder())
_restore_names()

"""A pytest plugin that keeps each estimator which the tests of another library fit, with rows of those that it was fitted on.

`PYTHONPATH=tests/support pytest -p capturing --pyargs sklearn.tree`, with the variable CAPTURED naming a folder. (Other projects
have a package `tests` of their own, so this one must not be it.) Every `fit` of a library's class is wrapped, and `train` of the
boosters; of nested calls the outermost counts. Pickles are bounded in size and in number for each class, and kept once for
each class, parameters, and kind of input.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import hashlib
import importlib
import os
import pickle
import re
import threading
import types
import warnings
from pathlib import Path
from typing import Any

from iris_model.readers import offered_methods

FOLDER = "CAPTURED"
WRAPPERS = {
    "xgboost": ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor"),
    "lightgbm": ("LGBMClassifier", "LGBMRegressor", "LGBMRanker"),
    "catboost": ("CatBoostClassifier", "CatBoostRegressor"),
}
METHODS = ("fit", "fit_transform", "fit_predict", "partial_fit")
LIBRARIES = ("sklearn", "xgboost", "lightgbm", "catboost")
ROWS = 24
MOST_BYTES = 1 << 20
MOST_PER_CLASS = int(os.environ.get("CAPTURED_PER_CLASS", "40"))

_depth = threading.local()


def pytest_configure() -> None:
    """Called by pytest before it collects."""
    folder = Path(os.environ[FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    keeper = Keeper(folder)
    done: set[type] = set()
    for cls in _classes():
        for base in cls.__mro__:
            if base.__module__.partition(".")[0] in LIBRARIES and base not in done:
                done.add(base)
                _wrap_methods(base, keeper)
    _wrap_training(keeper)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """One case of each test, then another of each: what has no time left at the end is more of the same."""
    seen: collections.Counter[str] = collections.Counter()
    turns = {}
    for item in items:
        name = item.nodeid.partition("[")[0]
        turns[item] = seen[name]
        seen[name] += 1
    items.sort(key=turns.__getitem__)


def _classes() -> list[type]:
    from sklearn.utils import all_estimators

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [cls for _, cls in all_estimators()]
    for library, names in WRAPPERS.items():
        with contextlib.suppress(ImportError):
            module = importlib.import_module(library)
            found += [getattr(module, name) for name in names]
    return found


def _wrap_training(keeper: Keeper) -> None:
    """Wrap `xgboost.train` and `lightgbm.train`, whose second argument keeps the table unless it was asked to free it."""
    for library in ("xgboost", "lightgbm"):
        with contextlib.suppress(ImportError):
            module = importlib.import_module(library)
            vars(module)["train"] = _wrap_train(vars(module)["train"], keeper)


def _wrap_train(train: Any, keeper: Keeper) -> Any:
    @functools.wraps(train)
    def wrapped(parameters: Any, table: Any, *arguments: Any, **named: Any) -> Any:
        _depth.value = getattr(_depth, "value", 0) + 1
        try:
            booster = train(parameters, table, *arguments, **named)
        finally:
            _depth.value -= 1
        if _depth.value == 0:
            rows = table.get_data() if hasattr(table, "feature_types") else table.data
            keeper.keep(booster, rows)
        return booster

    return wrapped


def _wrap_methods(cls: type, keeper: Keeper) -> None:
    for name in METHODS:
        method = vars(cls).get(name)
        if isinstance(method, types.FunctionType):
            setattr(cls, name, _wrap(method, keeper))


def _wrap(method: Any, keeper: Keeper) -> Any:
    @functools.wraps(method)
    def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
        _depth.value = getattr(_depth, "value", 0) + 1
        try:
            made = method(self, *arguments, **named)
        finally:
            _depth.value -= 1
        if _depth.value == 0:
            keeper.keep(self, arguments[0] if arguments else named.get("X"))
        return made

    return wrapped


class Keeper:
    """Writes captures into a folder: `(estimator, rows)` pickled, named by class and digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: dict[str, int] = {}
        self._known: set[str] = set()

    def keep(self, estimator: Any, table: Any) -> None:
        """Keep an estimator, unless one like it is kept, it cannot be pickled, or it is too large."""
        name = type(estimator).__name__
        is_public = type(estimator).__module__.partition(".")[0] in LIBRARIES and not name.startswith("_")
        if not is_public or self._counts.get(name, 0) >= MOST_PER_CLASS or not offered_methods(estimator):
            return
        try:
            digest = _digest(estimator, table)
            if digest in self._known:
                return
            self._known.add(digest)
            data = pickle.dumps((estimator, _sample(table)), protocol=5)
        except Exception:
            return  # local classes, locks, whatever a test makes up: no model that anybody saves
        if len(data) <= MOST_BYTES:
            self._counts[name] = self._counts.get(name, 0) + 1
            (self._folder / f"{name}-{digest}.pickle").write_bytes(data)


def _digest(estimator: Any, table: Any) -> str:
    """Of the class, its parameters without addresses, and what the rows are."""
    # A booster has no parameters to ask for; each one counts.
    known = estimator.get_params() if hasattr(estimator, "get_params") else {"": pickle.dumps(estimator)}
    parameters = sorted((name, re.sub(r"0x[0-9a-f]+", "", repr(value))) for name, value in known.items())
    shape, dtypes = getattr(table, "shape", ())[1:], getattr(table, "dtypes", getattr(table, "dtype", None))
    said = repr((type(estimator).__qualname__, parameters, type(table).__name__, shape, str(dtypes)))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _sample(table: Any) -> Any:
    """The first rows, as they were given."""
    if hasattr(table, "tocsr"):
        return table.tocsr()[:ROWS]
    if hasattr(table, "iloc"):
        return table.iloc[:ROWS]
    return table[:ROWS] if isinstance(table, list) or hasattr(table, "shape") else None

"""The fallback zoo: models that are not compiled, each with the table that it was trained on.

An animal is made when its test runs. `X` is a DataFrame, an array, a list of texts or a list of dictionaries, of the types of
training; `trust` are the names passed to `init --trust`. `slow` ones run in CI only.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MODULES = Path(__file__).parent / "modules"
OWN = "shop_steps"
SEED = 11
ROWS = 90

if str(MODULES) not in sys.path:
    # The user's module lies where the training script runs, and comes along by its name.
    sys.path.append(str(MODULES))


@dataclass(frozen=True)
class Animal:
    """A fitted model and its table.

    `executor`: what must serve it, within `tolerance`; `is_asked_for`: it would compile, so the settings ask for it.
    `dump` writes the file, if pickle does not.
    """

    model: Any
    X: Any
    trust: tuple[str, ...] = ()
    executor: str = "original"
    is_asked_for: bool = False
    dump: Callable[[Path], None] | None = None
    filename: str = "model.pkl"
    data: bool = True
    tolerance: float = 1e-9
    unanswered: tuple[dict[str, Any], ...] = ()
    """Rows that the original refuses, and so must the function."""
    methods: tuple[str, ...] = ("predict", "predict_proba", "transform")


@dataclass(frozen=True)
class Entry:
    name: str
    make: Callable[[], Animal]
    slow: bool = True


def fit(model: Any, X: Any, y: Any = None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def random() -> np.random.RandomState:
    return np.random.RandomState(SEED)


def shop(rows: int = ROWS) -> pd.DataFrame:
    """Columns of every type that CSV files hold."""
    r = random()
    return pd.DataFrame(
        {
            "zip": r.randint(1, 99999, rows),
            "amount": r.gamma(2, 30, rows).round(2),
            "city": r.choice(["Bonn", "Lima", "Oslo"], rows),
            "plz": r.choice(["01067", "10115", "80331"], rows),
            "count": r.randint(0, 40, rows),
            "flag": r.choice([True, False], rows),
            "when": pd.date_range("2023-01-01", periods=rows, freq="37h"),
            "x": r.normal(size=rows).round(3),
        }
    )


def numbers(rows: int = ROWS, columns: str = "abcd") -> pd.DataFrame:
    return pd.DataFrame(random().normal(size=(rows, len(columns))).round(3), columns=list(columns))


def labels(X: pd.DataFrame, column: str = "a") -> np.ndarray:
    return (X[column] > X[column].median()).astype(int).to_numpy()


def target(rows: int = ROWS) -> np.ndarray:
    return np.random.RandomState(5).normal(size=rows).round(2)

"""`@iris_model.step`: a function or class of the user as a transformer of scikit-learn.

Rows go in and rows come out: lists of numbers (float), strings and None for a missing cell. Only the standard library is
needed, so a compiled model can contain the source (`readers/own_steps`). Training, and the original, run the same code.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The attribute of a transformer class with what the user wrote.
DECLARED = "iris_model_step"
# What the transformer keeps in addition to the attributes of the class of the user.
OWN_ATTRIBUTES = ("feature_names_in_", "n_features_in_", "seen_in_training_")
# Distinct strings of a column that are kept as examples for verification.
MOST_TEXTS = 50


def step(declared: "Any") -> "Any":
    """Return a transformer class for scikit-learn, made from a function or class at the top level of a module.

    A function takes rows and returns rows. A class has `transform(self, rows)`, and may have `fit(self, rows, y)` and
    parameters. The answer for a row must not depend on other rows. Raises TypeError for anything else.

    Examples:
        >>> @iris_model.step
        ... def ratio(rows):
        ...     return [[*row, row[0] / row[1]] for row in rows]
        >>> model = make_pipeline(ratio(), LogisticRegression())
    """
    name = getattr(declared, "__qualname__", "")
    if not callable(declared) or not name.isidentifier():
        raise TypeError(
            f"iris_model.step: {name or declared!r} is not a function or class at the top level of a module; move it there"
        )
    is_class = isinstance(declared, type)
    if is_class and not callable(getattr(declared, "transform", None)):
        raise TypeError(f"iris_model.step: the class {name} has no method transform(self, rows)")
    from sklearn.base import BaseEstimator, TransformerMixin

    def fit(self: "Any", X: "Any", y: "Any" = None) -> "Any":
        rows = to_rows(X)
        if hasattr(X, "columns"):
            self.feature_names_in_ = [str(column) for column in X.columns]
        self.n_features_in_ = len(rows[0])
        if is_class and hasattr(declared, "fit"):
            declared.fit(self, rows, y.tolist() if hasattr(y, "tolist") else y)
        width = _check(_answer(self, rows[:1]), 1)
        self.seen_in_training_ = {"width": width, "columns": [_describe(cells) for cells in zip(*rows)]}
        return self

    def transform(self: "Any", X: "Any") -> "Any":
        rows = to_rows(X)
        answers = _answer(self, rows)
        _check(answers, len(rows))
        return _to_array(answers)

    def _answer(self: "Any", rows: "list[list[Any]]") -> "Any":
        return declared.transform(self, rows) if is_class else declared(rows)

    members = {
        "__module__": declared.__module__,
        "__qualname__": name,
        "__doc__": declared.__doc__,
        DECLARED: staticmethod(declared),
        "fit": fit,
        "transform": transform,
    }
    bases = (declared, TransformerMixin, BaseEstimator) if is_class else (TransformerMixin, BaseEstimator)
    return type(name, bases, members)


def to_rows(X: "Any") -> "list[list[Any]]":
    """Return a table of any kind as rows of float, str and None. Raises TypeError for other cells."""
    if hasattr(X, "toarray"):
        X = X.toarray()
    if hasattr(X, "to_numpy"):
        X = X.to_numpy(dtype=object)
    return [[_plain(cell) for cell in row] for row in (X.tolist() if hasattr(X, "tolist") else X)]


def _plain(cell: "Any") -> "float | str | None":
    if hasattr(cell, "item"):
        cell = cell.item()
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, (bool, int, float)):
        return float(cell) if cell == cell else None
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return None
    raise TypeError(f"a cell is a {type(cell).__name__}; a step takes numbers, strings and missing cells")


def _check(answers: "Any", count: int) -> int:
    """Return the number of columns of the rows that a step answered. Raises TypeError if they are no rows."""
    if not isinstance(answers, list) or len(answers) != count:
        raise TypeError(f"a step must return a list of as many rows as it was given ({count})")
    widths = {len(row) if isinstance(row, (list, tuple)) else -1 for row in answers}
    if len(widths) > 1 or -1 in widths:
        raise TypeError("a step must return rows of the same length, each a list")
    return widths.pop() if widths else 0


def _describe(cells: "tuple[Any, ...]") -> "dict[str, Any]":
    """Return what one column of the training rows has: strings, numbers, missing cells."""
    texts = {cell: None for cell in cells if isinstance(cell, str)}
    return {
        "texts": list(texts)[:MOST_TEXTS],
        "numbers": any(isinstance(cell, float) for cell in cells),
        "missing": None in cells,
    }


def _to_array(rows: "list[Any]") -> "Any":
    import numpy

    cells = [[numpy.nan if (plain := _plain(cell)) is None else plain for cell in row] for row in rows]
    if all(isinstance(cell, float) for row in cells for cell in row):
        return numpy.array(cells, dtype=float).reshape(len(cells), -1)
    table = numpy.empty((len(cells), len(cells[0])), dtype=object)
    for place, row in enumerate(cells):
        table[place] = row
    return table

"""Find models that take dictionaries instead of a table, and the names of their features.

A request sends such a row as a named row. A feature that is absent or null is not in the dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from iris_model.errors import UnsupportedModel

from .documents import find_first
from .graph import Estimator
from .names import class_name

DICT_VECTORIZER = "sklearn.feature_extraction.DictVectorizer"
FEATURE_HASHER = "sklearn.feature_extraction.FeatureHasher"


# The name of the only column of a hasher whose features no header names. It contains their JSON text.
FEATURES_COLUMN = "features"


def refuse_unknown_names() -> UnsupportedModel:
    """Return the error for a model that hashes any name and is not compiled: its library gets rows with known columns."""
    return UnsupportedModel(
        [
            "FeatureHasher takes any features and learns none of them; if the model is not compiled, sample rows must name "
            "them, and input_type must be 'dict'"
        ],
        remedy="Pass sample rows with a header line that names every feature that a request may have: --data, or data in "
        "iris-model.toml. A request with another feature is refused.",
    )


def takes_dictionaries(estimator: Estimator) -> bool:
    """Whether the first estimator that receives the input takes dictionaries."""
    return any(class_name(type(one)) in (DICT_VECTORIZER, FEATURE_HASHER) for one in find_first(estimator))


def find_open_form(estimator: Estimator, names: Sequence[str] | None) -> str | None:
    """Return the input type of the hashers that take the input, if no header names the features; else None.

    A hasher takes features of any names, so a row is one cell: the JSON text of its features.
    """
    found = list(find_first(estimator))
    forms = {one.input_type for one in found if class_name(type(one)) == FEATURE_HASHER}
    if len(forms) != 1 or any(class_name(type(one)) != FEATURE_HASHER for one in found):
        return None
    (form,) = forms
    return str(form) if form != "dict" or not names or list(names) == [FEATURES_COLUMN] else None


def feature_names(estimator: Estimator) -> list[str] | None:
    """Return the features of the vectorizers, in the order of their vocabulary; None if a hasher accepts every name.

    Raises UnsupportedModel if the keys of a JSON object cannot be their keys.
    """
    names: dict[str, None] = {}
    for one in find_first(estimator):
        if class_name(type(one)) == FEATURE_HASHER:
            return None
        whole_names(one)
        names |= dict.fromkeys(feature for feature, _ in split_names(one))
    return list(names)


def split_names(vectorizer: Estimator) -> Iterator[tuple[str, str | None]]:
    """Yield each name of the vocabulary as (feature, string or None), split at the first separator.

    An integer has no separator: the vectorizer joins name and string to a string.
    """
    for name in vectorizer.feature_names_:
        feature, separator, text = (
            str(name).partition(vectorizer.separator) if isinstance(name, str) else (str(name), "", "")
        )
        yield feature, text if separator else None


def whole_names(vectorizer: Estimator) -> set[str]:
    """Return the digits of the feature names that were integers in training.

    Raises UnsupportedModel if the keys of a JSON object cannot express the names.
    """
    names = vectorizer.feature_names_
    others = [name for name in names if not isinstance(name, str) and not _is_whole(name)]
    found = {str(name) for name in names if not isinstance(name, str)}
    # The number 1 and the string "1" are two features; in a row both are "1".
    twice = found.intersection(name for name in names if isinstance(name, str))
    if others or twice:
        said = (
            f"its feature name {others[0]!r} is a {type(others[0]).__name__}; expected strings or integers"
            if others
            else f"it has the features {min(twice)} and {min(twice)!r}, which are the same key in a JSON object"
        )
        raise UnsupportedModel([f"DictVectorizer: {said}"], remedy="Train it with names that are strings.")
    return found


def _is_whole(name: object) -> bool:
    return isinstance(name, (int, np.integer)) and not isinstance(name, bool)

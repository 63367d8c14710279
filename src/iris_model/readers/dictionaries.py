"""Which models take dictionaries, where others take a table, and what the features in them are called.

A request sends such a row as a named row. A feature that it leaves out, or sends as null, is not in the dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator

from .documents import find_first
from .graph import Estimator
from .names import class_name

DICT_VECTORIZER = "sklearn.feature_extraction.DictVectorizer"
FEATURE_HASHER = "sklearn.feature_extraction.FeatureHasher"


def takes_dictionaries(estimator: Estimator) -> bool:
    """Whether the first thing that sees the input takes dictionaries."""
    return any(class_name(type(one)) in (DICT_VECTORIZER, FEATURE_HASHER) for one in find_first(estimator))


def feature_names(estimator: Estimator) -> list[str] | None:
    """The features that vectorizers learned, in the order of their vocabulary; None where a hasher takes any."""
    names: dict[str, None] = {}
    for one in find_first(estimator):
        if class_name(type(one)) == FEATURE_HASHER:
            return None
        names |= dict.fromkeys(feature for feature, _ in split_names(one))
    return list(names)


def split_names(vectorizer: Estimator) -> Iterator[tuple[str, str | None]]:
    """Each name of the vocabulary as its feature and, if it stands for a text, that text; split at the first separator."""
    for name in vectorizer.feature_names_:
        feature, separator, text = str(name).partition(vectorizer.separator)
        yield feature, text if separator else None

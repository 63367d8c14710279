"""Find models that take dictionaries instead of a table, and the names of their features.

A request sends such a row as a named row. A feature that is absent or null is not in the dictionary.
"""

from __future__ import annotations

from collections.abc import Iterator

from .documents import find_first
from .graph import Estimator
from .names import class_name

DICT_VECTORIZER = "sklearn.feature_extraction.DictVectorizer"
FEATURE_HASHER = "sklearn.feature_extraction.FeatureHasher"


def takes_dictionaries(estimator: Estimator) -> bool:
    """Whether the first estimator that receives the input takes dictionaries."""
    return any(class_name(type(one)) in (DICT_VECTORIZER, FEATURE_HASHER) for one in find_first(estimator))


def feature_names(estimator: Estimator) -> list[str] | None:
    """Return the features of the vectorizers, in the order of their vocabulary; None if a hasher accepts every name."""
    names: dict[str, None] = {}
    for one in find_first(estimator):
        if class_name(type(one)) == FEATURE_HASHER:
            return None
        names |= dict.fromkeys(feature for feature, _ in split_names(one))
    return list(names)


def split_names(vectorizer: Estimator) -> Iterator[tuple[str, str | None]]:
    """Yield each name of the vocabulary as (feature, string or None), split at the first separator."""
    for name in vectorizer.feature_names_:
        feature, separator, text = str(name).partition(vectorizer.separator)
        yield feature, text if separator else None

"""Which models take documents, a list of texts, where others take a table."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import Estimator
from .names import class_name

VECTORIZERS = frozenset(
    f"sklearn.feature_extraction.text.{name}" for name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
)

# What the one column of such a model is called, unless the user's data has a name for it.
DOCUMENT_COLUMN = "text"

# Where estimators keep the one that sees the input first.
INNER = ("best_estimator_", "estimator_", "estimator", "calibrated_classifiers_", "estimators_")


def takes_documents(estimator: Estimator) -> bool:
    """Whether the first thing that sees the input is a vectorizer of texts."""
    return any(class_name(type(one)) in VECTORIZERS for one in find_first(estimator))


def find_first(estimator: Estimator) -> Iterator[Estimator]:
    """The estimators inside that see the input first: several where a union puts them side by side."""
    if hasattr(estimator, "steps"):
        steps = [step for _, step in estimator.steps if step is not None and step != "passthrough"]
        yield from find_first(steps[0]) if steps else ()
        return
    if hasattr(estimator, "transformer_list"):
        for _, part in estimator.transformer_list:
            if part not in ("drop", "passthrough"):
                yield from find_first(part)
        return
    inner = None if hasattr(estimator, "n_features_in_") else _inner(estimator)
    if inner is None:
        yield estimator
    else:
        yield from find_first(inner)


def _inner(estimator: Estimator) -> Estimator | None:
    for name in INNER:
        inner = getattr(estimator, name, None)
        if isinstance(inner, (list, tuple)) and inner:
            inner = inner[0]
        if inner is not None and not isinstance(inner, (str, list, tuple)):
            return inner
    return None

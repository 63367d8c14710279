"""Find models that take documents, a list of strings, instead of a table."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import Estimator
from .names import class_name

VECTORIZERS = frozenset(
    f"sklearn.feature_extraction.text.{name}" for name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
)

# The name of the only column of such a model, unless the user's data names it.
DOCUMENT_COLUMN = "text"

# Attributes in which estimators keep the one that receives the input first.
INNER = ("best_estimator_", "estimator_", "estimator", "calibrated_classifiers_", "estimators_")


def takes_documents(estimator: Estimator) -> bool:
    """Whether the first estimator that receives the input is a text vectorizer."""
    return any(class_name(type(one)) in VECTORIZERS for one in find_first(estimator))


def find_first(estimator: Estimator) -> Iterator[Estimator]:
    """Yield the inner estimators that receive the input first: several in a union."""
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

"""Which models take documents, a list of texts, where others take a table."""

from __future__ import annotations

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
    """Whether the first thing that sees the input is a vectorizer."""
    if class_name(type(estimator)) in VECTORIZERS:
        return True
    if hasattr(estimator, "steps"):
        steps = [step for _, step in estimator.steps if step is not None and step != "passthrough"]
        return bool(steps) and takes_documents(steps[0])
    if hasattr(estimator, "transformer_list"):
        parts = [part for _, part in estimator.transformer_list if part not in ("drop", "passthrough")]
        return bool(parts) and takes_documents(parts[0])
    if hasattr(estimator, "n_features_in_"):
        return False
    for name in INNER:
        inner = getattr(estimator, name, None)
        if isinstance(inner, (list, tuple)) and inner:
            inner = inner[0]
        if inner is not None and not isinstance(inner, (str, list, tuple)):
            return takes_documents(inner)
    return False

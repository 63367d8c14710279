"""What the `original` executor needs to know of a model that is not compiled: signature, source, golden rows.

There is no graph to read these from, so the estimator itself is asked: its attributes, and a few rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import iris_model
from iris_model.errors import IrisModelError, ModelFileError, UnsupportedModel
from iris_model.readers import needed_methods, open_model
from iris_model.readers.graph import Estimator

from .data import Row, read_data
from .describe_columns import describe_columns
from .golden import choose_golden
from .original import Original

# Columns that are asked one by one whether they may be missing; of a wider model, all at once.
PROBED_COLUMNS = 256

# So many parts of a container are shown.
SHOWN_PARTS = 8
SAVE_ALONE = "Save the fitted estimator alone; what comes before it, such as a scaler, belongs into a Pipeline with it."


@dataclass(frozen=True)
class Description:
    """Like a `Compilation`, without the compiled model."""

    signature: Mapping[str, Any]
    source: Mapping[str, Any]
    golden: list[dict[str, Any]]


def describe_original(path: str | Path, data: str | Path | None = None, trust: Sequence[str] = ()) -> Description:
    """Open a model file and describe it. Raises ModelFileError, UntrustedModel, and UnsupportedModel if it answers nothing.

    Which columns are texts or categories is what readers learn before they refuse the model, and what `data` shows.
    """
    opened = open_model(path, trust)
    estimator = opened.estimator
    given = read_data(data) if data is not None else None
    methods = needed_methods(estimator)
    if not methods:
        raise UnsupportedModel(
            [f"{opened.class_name} has neither predict nor transform{_show_content(estimator)}"], remedy=SAVE_ALONE
        )
    found = describe_columns(estimator, given, opened.names, opened.class_name)
    original = Original(estimator, {"columns": found.entries, "named": found.named})
    try:
        golden = choose_golden(original, found.rows, methods)
    except ModelFileError:
        raise
    except Exception as error:
        # Whatever a library raises: it does not answer such rows, and that is the finding.
        kinds = ", ".join(f"{one['name']} ({one['kind']})" for one in found.entries[:8])
        raise UnsupportedModel(
            [f"{opened.class_name} raises on rows of {kinds}: {_say(error)}"],
            remedy="If it needs rows of a certain range, or texts, give some with data in iris-model.toml.",
        ) from None
    answered = golden[0]["row"] if golden else found.rows[0]
    columns = [
        {**column, "missing": missing or bool(column.get("optional"))}
        for column, missing in zip(found.entries, _find_missing(original, answered, methods[0]), strict=True)
    ]
    task = _task(estimator)
    signature = {
        "columns": columns,
        "named": found.named,
        "input": found.input,
        "task": task,
        "classes": _classes(estimator),
        "outputs": {method: _describe_output(method, task, golden) for method in methods},
    }
    source = {
        "library": opened.library,
        "version": opened.version,
        "class": opened.class_name,
        "sha256": opened.sha256,
        "tool": f"iris-model {iris_model.__version__}",
    }
    return Description(signature, source, golden)


def _say(error: Exception) -> str:
    return error.problem if isinstance(error, IrisModelError) else f"{type(error).__name__}: {error}"


def _show_content(found: Estimator) -> str:
    """What a container holds: people save a model together with its scaler, or with the names of its columns."""
    if isinstance(found, dict):
        parts = [f"{key!r} ({type(value).__name__})" for key, value in list(found.items())[:SHOWN_PARTS]]
    elif isinstance(found, (list, tuple)):
        parts = [type(value).__name__ for value in found[:SHOWN_PARTS]]
    else:
        return ""
    return f"; it holds {', '.join(parts)}" if parts else "; it is empty"


def _predicts(estimator: Estimator) -> bool:
    return hasattr(estimator, "predict")


def _find_missing(original: Original, row: Row, method: str) -> list[bool]:
    """Which columns may be missing: those without which the original still answers."""
    width = len(row)
    if width > PROBED_COLUMNS:
        return [_answers(original, [None] * width, method)] * width
    return [_answers(original, [*row[:index], None, *row[index + 1 :]], method) for index in range(width)]


def _answers(original: Original, row: Row, method: str) -> bool:
    try:
        original.evaluate([row], [method])
    except Exception:
        return False
    return True


def _task(estimator: Estimator) -> str:
    """The task, by what a fitted estimator of each kind has."""
    if hasattr(estimator, "classes_"):
        return "classifier"
    if not _predicts(estimator):
        return "transformer"
    if hasattr(estimator, "score_samples") and hasattr(estimator, "offset_"):
        return "outlier_detector"
    return "clusterer" if hasattr(estimator, "labels_") else "regressor"


def _classes(estimator: Estimator) -> list[Any] | None:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    # Several outputs have one array of classes each.
    return [part.tolist() for part in classes] if isinstance(classes, list) else np.asarray(classes).tolist()


def _describe_output(method: str, task: str, golden: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    answers = [entry["outputs"][method] for entry in golden[:1]]
    is_label = method == "predict" and task != "regressor"
    width = len(answers[0]) if answers and isinstance(answers[0], list) else 1
    return {"kind": "label" if is_label else "number", "columns": width}

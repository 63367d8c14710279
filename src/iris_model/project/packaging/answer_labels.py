"""Write the names of the classes into a packaged model, for `answer-labels = true`.

The signature gets `answer_classes`, in the order of `classes`, and the golden rows get the names. Everything that is
compared with the function later has the names then: the runtime, the OpenAPI document, the page, the verification.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from iris_model.contract.file_names import SETTINGS_FILE, SIGNATURE_SUFFIX
from iris_model.contract.golden import GoldenRow
from iris_model.contract.labels import label_key
from iris_model.contract.signature import Signature
from iris_model.errors import ProjectError
from iris_model.project.configuration.key import write_value
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.executors import COMPILED_SUFFIX, Executable
from iris_model.project.packaging.function_directory import encode_json


def name_answers(settings: ProjectSettings, executable: Executable) -> Executable:
    """Return the executable with the names of the classes in its answers, if the settings ask for it.

    Raises ProjectError if a class has no name.
    """
    if not settings.answer_labels:
        return executable
    classes = executable.signature["classes"]
    if not classes:
        raise ProjectError(
            f"answer-labels = true in {SETTINGS_FILE}, but the model has no classes",
            remedy="Remove answer-labels: only the classes of a classifier have names.",
        )
    if isinstance(classes[0], list):
        names: list[Any] = [_name(settings, each) for each in classes]
    else:
        names = _name(settings, classes)
    signature: Signature = {**executable.signature, "answer_classes": names}
    return replace(
        executable,
        signature=signature,
        files={
            path: _with_signature(path, content, signature)
            if path == executable.model or path.endswith(SIGNATURE_SUFFIX)
            else content
            for path, content in executable.files.items()
        },
        golden=[_name_golden(row, signature) for row in executable.golden],
    )


def _name(settings: ProjectSettings, classes: Sequence[Any]) -> list[str]:
    keys = [label_key(each) for each in classes]
    if missing := [key for key in keys if key not in settings.labels]:
        raise ProjectError(
            f"answer-labels = true in {SETTINGS_FILE}, and labels has no name for the class {write_value(missing[0])}",
            remedy=f"Add the name of each class: labels = {{ {write_value(missing[0])} = {write_value('name')}, ... }}",
        )
    return [settings.labels[key] for key in keys]


def _with_signature(path: str, content: bytes | Path, signature: Signature) -> bytes | Path:
    data = content.read_bytes() if isinstance(content, Path) else content
    if path.endswith(COMPILED_SUFFIX):
        from iris_model.compiler.emit import replace_signature

        return replace_signature(data, signature)
    if path.endswith(SIGNATURE_SUFFIX):
        return encode_json({**json.loads(data), "signature": signature})
    return content


def _name_golden(row: GoldenRow, signature: Signature) -> GoldenRow:
    outputs = dict(row["outputs"])
    if "predict" in outputs:
        outputs["predict"] = _name_prediction(outputs["predict"], signature)
    return GoldenRow(row=row["row"], outputs=outputs)


def _name_prediction(prediction: Any, signature: Signature) -> Any:
    """Return the prediction for one row as `runtime/class_names.py` names it."""
    classes, names = signature["classes"] or [], signature["answer_classes"]
    if classes and isinstance(classes[0], list):
        pairs = zip(prediction, classes, names, strict=True)
        return [dict(zip(*each, strict=True)).get(label, label) for label, *each in pairs]
    return dict(zip(classes, names, strict=True)).get(prediction, prediction)

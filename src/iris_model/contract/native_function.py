"""The files of a function with the native runtime."""

from __future__ import annotations

from typing import NotRequired, TypedDict

BOOTSTRAP_FILE = "bootstrap"
"""The executable. Lambda's runtime provided.al2023 starts the file of this name."""

PYTHON_ENTRY = "iris_model/runtime/__main__.py"
"""The file of the function directory that Python starts. With the native runtime, it starts the executable."""

SCRATCH = "scratch"
"""The base image without files, as in a Dockerfile: only the native runtime can start on it."""

NATIVE_FILE = "native.json"
NATIVE_FORMAT = "iris-model-native/1"


class NativeFunction(TypedDict):
    """The content of `native.json`: what the executable would otherwise read in the handler's file.

    `load_*` and `answer_*`: line and text of `Model.load` and of `model.answer`, for stack traces.
    """

    format: str
    handler: str
    model: str
    file: str
    name: str
    load_line: int
    load_text: str
    answer_line: int
    answer_text: str
    labels: NotRequired[dict[str, str]]
    """As in `function.json`: names of the classes for the model card."""

"""What `init` says of a new project: its model, its columns and answers, its settings, and the next commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iris_model.cli.render.model_text import describe_source
from iris_model.cli.render.output import show_size

if TYPE_CHECKING:
    from iris_model.contract.signature import Signature
    from iris_model.project.configuration.settings import ProjectSettings
    from iris_model.project.packaging.executors import Executable
    from iris_model.project.scaffold import ScaffoldedProject

# More names than this are counted.
_MOST_NAMES = 6

_ANSWERS = {
    "classifier": "a label",
    "clusterer": "the number of a cluster",
    "outlier_detector": "1 for an inlier, -1 for an outlier",
}


def describe_function(settings: ProjectSettings, executable: Executable) -> Iterator[str]:
    """Yield the lines that describe the function and its model."""
    from iris_model.project.packaging.executors import measure_content

    source, signature = executable.source, executable.signature
    trained = sum(file.stat().st_size for file in settings.model_files.values())
    sizes = [show_size(trained)]
    if executable.executor == "compiled":
        sizes.append(f"{show_size(sum(map(measure_content, executable.files.values())))} compiled")
    library = f"{source['library']} {source['version']}" if source["library"] and source["version"] else ""
    yield f"Function  {settings.name}: {settings.memory} MB of memory, timeout {settings.timeout} s"
    yield f"Model     {settings.model}: {describe_source(source['class'], library)}, {', '.join(sizes)}"
    columns = [str(column["name"]) for column in signature["columns"]]
    if columns:
        yield f"Columns   {len(columns)}: {_join(columns)}"
    yield f"Answer    {_describe_answer(signature)}"


def suggest_commands(made: ScaffoldedProject) -> Iterator[str]:
    """Yield the next commands, ready to be pasted into a shell."""
    directory = shlex.quote(str(made.directory))
    from iris_model.project.configuration.deployment import name_image

    name = name_image(made.settings.name) if made.settings else "iris-prediction"
    yield f"iris-model serve {directory}"
    yield f"iris-model cost {directory}"
    yield f"docker build -t {name} {directory}"


def _describe_answer(signature: Signature) -> str:
    classes, task = signature["classes"], signature["task"]
    if classes and isinstance(classes[0], list):
        return f"{len(classes)} labels, one for each output"
    if classes:
        return f"one of {len(classes)} classes: {_join([str(label) for label in classes])}"
    if task in _ANSWERS:
        return _ANSWERS[task]
    output = next(iter(signature["outputs"].values()), None)
    count = output["columns"] if output else 1
    return f"{count} numbers" if isinstance(count, int) and count > 1 else "a number"


def _join(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"

"""Open a model as its function will: in a new process, with the packaged files and the shipped runtime.

Raises ProjectError with the error of the function. Without this test, the first request would fail if a model opens
only because this process imported something, or only with a module that is not packaged.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from iris_model.contract.golden import GoldenRow, is_same_number
from iris_model.errors import ProjectError
from iris_model.project.disk import disk_errors
from iris_model.project.packaging.shipped import shipped_files

# Importing a large library from a cold disk takes at most this long. A slower library would not start on Lambda either.
TIMEOUT_S = 120

# `-P`, and the function directory before the installed packages: the same module search as in `runtime/start.py`.
_PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.runtime.model import Model
try:
    model = Model.load(sys.argv[2])
    rows = json.load(sys.stdin)
    method = model.outputs[0]
    print("\\n" + json.dumps([method, getattr(model, method)(rows)]))
except (InvalidInput, ModelFormatError) as error:
    print(error, file=sys.stderr)
    sys.exit(3)
"""


def open_as_the_function(
    executor: str,
    model: str,
    files: Mapping[str, bytes | Path],
    modules: Mapping[str, Path],
    golden: Sequence[GoldenRow],
) -> None:
    """Open `model` of `files` in a new process and compare its answers for the golden rows.

    Raises ProjectError on an error or a difference.
    """
    with tempfile.TemporaryDirectory(prefix="iris-model-") as name, disk_errors(name):
        directory = Path(name)
        for path, content in {**modules, **files, **shipped_files(executor, None)}.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                _link_or_copy(content.resolve(), target)
            else:
                target.write_bytes(content)
        stem = str(PurePosixPath(model).with_suffix(""))
        environment = {**os.environ, "LAMBDA_TASK_ROOT": name, "PYTHONDONTWRITEBYTECODE": "1"}
        rows = json.dumps([entry["row"] for entry in golden])
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-W", "ignore", "-c", _PROGRAM, name, stem],
                input=rows, capture_output=True, text=True, check=False, cwd=name, env=environment, timeout=TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ProjectError(
                f"{model} did not open within {TIMEOUT_S} s in a process like that of the function",
                remedy="Save the fitted model without parts that prediction does not need.",
            ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
        said = lines[-1].replace(f"{name}{os.sep}", "")
        raise ProjectError(
            f"{model} opens here, but not in a process like that of the function: {said}",
            remedy="Install what the model imports, or put the module next to the model file and name it with --trust.",
        )
    _compare(model, json.loads(done.stdout.strip().rpartition("\n")[2]), golden)


def _link_or_copy(source: Path, target: Path) -> None:
    """Create a hard link, which needs no space, or copy the file.

    onnxruntime refuses weights behind a symbolic link.
    """
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _compare(model: str, answered: list[Any], golden: Sequence[GoldenRow]) -> None:
    method, answers = answered
    for entry, answer in zip(golden, answers, strict=True):
        wanted = entry["outputs"].get(method, answer)
        if not _is_close(answer, wanted):
            raise ProjectError(
                f"{model} answers {_show(answer)} for {_show(entry['row'])} in a process like that of the function, but "
                f"{_show(wanted)} here: the result of {method} does not depend on the row alone",
                remedy="Remove what depends on the process or on other rows, such as random numbers.",
            )


def _is_close(one: object, other: object) -> bool:
    """Whether two answers are equal, except for the last digits of sums, which depend on the number of rows."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_close, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (one != one and other != other) or is_same_number(one, other)
    return one == other


def _show(value: object) -> str:
    return json.dumps(value)[:200]

"""Write the files of today's formats into a new directory in this folder: python -m tests.stored.writing 2026-11

Done once for each change of a format. What lies here already stays as it is.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import load
from iris_model.image.lock import LOCK_FILE, Lock, LockedWheel
from iris_model.oci import Digest
from iris_model.project.packaging.package import package_project
from tests.engine.test_hostile import fitted

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> None:
    """Write a directory; an existing one is an error."""
    directory = HERE / sys.argv[1]
    directory.mkdir()
    write_models(directory)
    write_function(directory / "function")
    write_lock(directory)


def write_models(directory: Path) -> None:
    """Compiled models that between them use most operators, and the answers of their originals."""
    answers: dict[str, Any] = {}
    for name, (estimator, data) in fitted().items():
        is_text = isinstance(data, list)
        compilation = compile_model(estimator, data=None if is_text else data)
        asked = data[:6]
        rows = [[document] for document in asked] if is_text else np.asarray(asked).tolist()
        name = name.replace(" ", "-")
        path = directory / f"{name}.safetensors"
        path.write_bytes(compilation.data)
        outputs = {method: plain(getattr(estimator, method)(asked)) for method in load(str(path)).outputs}
        answers[name] = {"rows": rows, "outputs": outputs}
    write_wide(directory, answers)
    (directory / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")


def write_wide(directory: Path, answers: dict[str, Any]) -> None:
    """A model whose columns share entries, with a range for each."""
    random = np.random.RandomState(0)
    data = random.normal(size=(40, 1_000)).round(3)
    estimator = make_pipeline(StandardScaler(), Ridge()).fit(data, data[:, 0] - data[:, 999])
    compilation = compile_model(estimator, data=data[:20])
    (directory / "wide.safetensors").write_bytes(compilation.data)
    answers["wide"] = {"rows": data[:2].tolist(), "outputs": {"predict": plain(estimator.predict(data[:2]))}}


def plain(answers: Any) -> Any:
    """As lists."""
    return (answers.toarray() if hasattr(answers, "toarray") else np.asarray(answers)).tolist()


def write_function(directory: Path) -> None:
    """The description of the packaged iris model; its other files have no format of their own."""
    packaged = package_project(ROOT / "examples/iris", output=directory.with_name("packaged"))
    directory.mkdir()
    for name in ("function.json", "golden.json"):
        shutil.copyfile(packaged.directory / name, directory / name)
    shutil.rmtree(packaged.directory)


def write_lock(directory: Path) -> None:
    """A lock with a base and a wheel."""
    lock = Lock.read(directory)
    lock.pin_base("public.ecr.aws/lambda/python:3.13", "linux/arm64", Digest.parse("sha256:" + "ab" * 32))
    wheel = LockedWheel("six", "1.17.0", "six-1.17.0-py2.py3-none-any.whl", "cd" * 32)
    lock.pin_wheels("cp313-manylinux_2_34_aarch64", "ef" * 32, [wheel])
    lock.save()
    assert (directory / LOCK_FILE).is_file()


if __name__ == "__main__":
    main()

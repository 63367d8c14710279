"""Open models: from an estimator, a file, a project, a function directory, or a pickle."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from iris_model.contract.comparison import Report
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.function_file import FUNCTION_FILE, read_function_file
from iris_model.engine import CompiledModel
from iris_model.engine.errors import ModelFormatError
from iris_model.errors import ModelFileError
from iris_model.runtime.model import DESCRIPTION

from .files import SUFFIX
from .model import Model

if TYPE_CHECKING:
    from iris_model.readers.graph import Estimator

_opened: dict[str, Model] = {}
_opening = threading.Lock()


def compile(model: Estimator | str | Path, data: Any = None, *, trust: Sequence[str] = ()) -> Model:
    """Compile a fitted estimator, or the one in a model file, and verify it against the original.

    Args:
        model: the fitted estimator, or the path of a model file.
        data: rows for verification in addition to generated ones, preferably training rows: the path of a CSV file, or
            rows in any container that `predict` accepts. Their names become the column names of a model trained
            without names.
        trust: names outside the known libraries that the model file may use.

    Returns:
        The compiled model. `save` writes it to a file.

    Raises:
        ModelFileError: The file does not exist, is damaged, or has an unknown format.
        UntrustedModel: The file names something outside the known libraries.
        UnsupportedModel: The model cannot be compiled. `reasons` has every reason.
        ParityError: The compiled model answered a row differently from the original.

    Examples:
        >>> import iris_model as im
        >>> model = im.compile(estimator, data=X_train)
        >>> model.predict(X_test)
    """
    from iris_model.compiler import compile_model

    from .sample import as_sample

    compilation = compile_model(model, data=as_sample(data), trust=trust)
    report = Report.from_source(compilation.source, str(compilation.report))
    return Model(_open_bytes(compilation.data), path=None, reopen=open_pickled, data=compilation.data, report=report)


def load(path: str | Path, *, own_code: bool = False) -> Model:
    """Open a compiled model, a project or a function directory.

    Args:
        path: a file that `compile` or `Model.save` wrote, a directory with an `iris-model.toml` (it is packaged first
            if needed), or a directory that `iris-model package` wrote.
        own_code: run the Python source that a model with your own steps (`iris_model.step`) contains. Needed only for
            files; projects and function directories may always run it.

    Raises:
        ModelFileError: There is no such file or directory, or it has no model that can be opened.
        IrisModelError: The project cannot be packaged.

    Examples:
        >>> im.load("iris.safetensors").predict([[5.1, 3.5, 1.4, 0.2]])
        array(['setosa'], dtype='<U6')
    """
    path = Path(path)
    if path.is_dir():
        return _load_directory(path)
    if not path.is_file():
        raise ModelFileError(f"{path} does not exist", remedy="Check the path.")
    description = path.with_name(path.stem + DESCRIPTION)
    if path.suffix != SUFFIX and description.is_file():
        return Model(_open_with_its_library(path, _format_of(description)), path=path.resolve(), reopen=open_pickled)
    try:
        evaluator = CompiledModel(str(path), own_code=own_code)
    except ModelFormatError as error:
        if path.suffix == SUFFIX:
            raise ModelFileError(str(error)) from None
        raise ModelFileError(
            f"{path} is not a compiled model",
            remedy=f"Compile it: iris_model.compile({str(path)!r}), or iris-model compile {quote(str(path))}",
        ) from None
    if evaluator.own_steps and not own_code:
        raise ModelFileError(
            f"{path} contains Python source of its author ({', '.join(evaluator.own_steps)}), which would run here",
            remedy="Name the project or its function directory. In Python, if the file is yours: load(path, own_code=True).",
        )
    return Model(evaluator, path=path.resolve(), reopen=open_pickled, report=Report.from_source(evaluator.source))


def _load_directory(directory: Path) -> Model:
    if not (directory / FUNCTION_FILE).is_file():
        if not (directory / SETTINGS_FILE).is_file():
            raise ModelFileError(
                f"{directory} is neither a project nor a function directory: expected {SETTINGS_FILE} or {FUNCTION_FILE} in it",
                remedy="Pass the path of a project, a function directory or a model file.",
            )
        from iris_model.project import package_project

        directory = package_project(directory).directory
    try:
        model = directory / read_function_file(directory)["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            f"{directory / FUNCTION_FILE} does not name the model file: {error}",
            remedy="Package the project again: iris-model package",
        ) from None
    return load(model, own_code=True)


def _format_of(description: Path) -> str:
    try:
        return str(json.loads(description.read_bytes())["source"]["format"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _open_with_its_library(path: Path, file_format: str) -> Any:
    """Open a model that is not compiled. Its other files may be next to it in the function directory."""
    from iris_model.runtime.executors.onnx import OnnxModel
    from iris_model.runtime.executors.original import OriginalModel

    directory = str(path.parent.resolve())
    if directory not in sys.path:
        sys.path.append(directory)
    try:
        return OnnxModel(str(path)) if file_format == "onnx" or path.suffix == ".onnx" else OriginalModel(str(path))
    except (ModelFormatError, ImportError) as error:
        raise ModelFileError(f"{path} cannot be opened: {error}") from None


def _open_bytes(data: bytes) -> CompiledModel:
    """Open a compiled model from bytes: the mapping outlives the temporary file's name."""
    with tempfile.TemporaryDirectory(prefix="iris-model-", ignore_cleanup_errors=True) as directory:
        path = Path(directory) / f"model{SUFFIX}"
        path.write_bytes(data)
        return CompiledModel(str(path), own_code=True)


def open_pickled(path: str | None, digest: str, data: bytes | None) -> Model:
    """Return the model of a pickle, opened once per process. It is found by its path and must have the same digest."""
    with _opening:
        if digest in _opened:
            return _opened[digest]
        if data is not None:
            evaluator = _open_bytes(data)
            model = Model(
                evaluator, path=None, reopen=open_pickled, data=data, report=Report.from_source(evaluator.source)
            )
        else:
            assert path is not None, "a pickle has a path or the bytes"
            model = load(path, own_code=True)  # a pickle runs code, too
        if model.digest != digest:
            raise ModelFileError(
                f"{path} is not the model that was pickled: its SHA-256 is {model.digest}, expected {digest}",
                remedy="Put the same file there, or pickle the model again.",
            )
        _opened[digest] = model
        return model


def find_opened(digest: str) -> Model | None:
    """Return the model with this digest if this process has opened it from a pickle, else None."""
    return _opened.get(digest)


def forget_opened() -> None:
    """Forget the models of pickles; for tests."""
    with _opening:
        _opened.clear()

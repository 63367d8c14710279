"""Choose the executor for a model, and give the reason.

Only this step of packaging opens the model, so only it needs numpy and the model's library. It imports
`iris_model.compiler` when it needs it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from iris_model.contract.file_names import SETTINGS_FILE, SIGNATURE_SUFFIX
from iris_model.contract.golden import GoldenRow
from iris_model.contract.signature import Signature, Source
from iris_model.errors import ParityError, ProjectError, UnsupportedModel
from iris_model.project.configuration.key import write_value
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.function_directory import encode_json
from iris_model.project.packaging.sources import OUR_FILES, collect_included, collect_trusted
from iris_model.project.packaging.trial import open_as_the_function

if TYPE_CHECKING:
    from iris_model.compiler import Description

COMPILED_SUFFIX = ".safetensors"
ONNX = "onnx"

# Alternative distribution names of a library.
TWINS = {"xgboost": ("xgboost-cpu",)}

# Importing scikit-learn 1.9 took 1.0 to 1.9 s in three runs on two busy cores. Only the order of magnitude is reported.
COLD_START_OF_LIBRARY = "about a second"

# Importing onnxruntime 1.32 took 0.1 to 0.2 s in three runs on two busy cores.
COLD_START_OF_ONNXRUNTIME = "a few tenths of a second"


@dataclass(frozen=True)
class Executable:
    """The files of an executor, and the golden rows that every later stage is tested with."""

    executor: str
    reason: str
    model: str
    files: Mapping[str, bytes | Path]
    signature: Signature
    source: Source
    golden: Sequence[GoldenRow]
    needs: tuple[str, ...] = field(default=())
    operator_modules: tuple[str, ...] | None = field(default=())
    """Modules of the engine with the operators of the graph; None for all."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Sentences about what is assumed because the model file does not store it."""
        columns = self.signature.get("columns", ())
        orders = (
            f"the order of the categories of the column {column['name']!r} is assumed, not verified: "
            f"{_list(column['categories'])}. The model file does not store it. If training had another order, the answers "
            f"are wrong; {_how_to_declare(column['name'])}"
            for column in columns
            if column.get("assumed_order")
        )
        types = (
            f"the type of the column {column['name']!r} is assumed, not verified: "
            f"{'strings' if column['dtype'] == 'str' else 'integers'}. The model file does not store it. If "
            f"training had categories of pandas (`category`), the answers are wrong; "
            f"{_how_to_declare(column['name'])}"
            for column in columns
            if column.get("assumed_type")
        )
        return (*orders, *types)


def _how_to_declare(name: str) -> str:
    return f"write the order into {SETTINGS_FILE}: categories = {write_value({name: ['first', 'second']})}"


# An assumed order is shown up to this many categories.
_MOST_CATEGORIES = 12

Choose = Callable[[ProjectSettings], Executable]


def measure_content(content: bytes | Path) -> int:
    """Return the size in bytes of a file of an Executable."""
    return content.stat().st_size if isinstance(content, Path) else len(content)


def choose_executable(settings: ProjectSettings) -> Executable:
    """Compile the model. If it cannot be compiled and the settings allow it, use the original.

    Raises the errors of `compile_model`, and ProjectError.
    """
    from iris_model.compiler import read_model_file

    if PurePosixPath(settings.model).suffix.lower() == COMPILED_SUFFIX:
        raise ProjectError(
            f'model = "{settings.model}" in {SETTINGS_FILE} is a compiled model; expected the trained model',
            remedy="Set model to the file that training wrote.",
        )
    is_onnx = read_model_file(settings.model_path).format.name == ONNX
    if is_onnx != (settings.executor == "onnxruntime") and settings.executor in ("original", "onnxruntime"):
        raise ProjectError(
            f'model = "{settings.model}", executor = "{settings.executor}" in {SETTINGS_FILE}: '
            "only ONNX models can use the executor onnxruntime, and they cannot use original",
            remedy='Set executor = "auto", or use another model file.',
        )
    if is_onnx:
        executable = _compiled_or_onnx(settings)
        if executable.executor == "onnxruntime":
            _try(settings, executable)
        return executable
    with _project_modules(settings):
        executable = _compiled_or_original(settings)
    if executable.executor == "original":
        _try(settings, executable)
    return executable


def _compiled_or_onnx(settings: ProjectSettings) -> Executable:
    if settings.executor == "onnxruntime":
        return _onnx(settings, "it was requested")
    try:
        return _compiled(settings)
    except UnsupportedModel as error:
        if settings.executor == "compiled":
            raise
        return _onnx(settings, "the model cannot be compiled: " + "; ".join(error.reasons))
    except ParityError as error:
        if settings.executor == "compiled":
            raise
        return _onnx(settings, f"the compiled model was not equal to onnxruntime: {error.problem}")


def _compiled_or_original(settings: ProjectSettings) -> Executable:
    if settings.executor == "original":
        return _original(settings, "it was requested")
    try:
        return _compiled(settings)
    except UnsupportedModel as error:
        if settings.executor == "compiled":
            raise
        try:
            return _original(settings, "the model cannot be compiled: " + "; ".join(error.reasons))
        except UnsupportedModel as worse:
            from iris_model.compiler import FIT_FIRST

            if error.remedy == FIT_FIRST:
                # Sample rows do not help if the model was never fitted.
                raise error from None
            raise UnsupportedModel(list(dict.fromkeys([*error.reasons, *worse.reasons])), remedy=worse.remedy) from None
    except ParityError as error:
        if settings.executor == "compiled":
            raise
        return _original(settings, f"the compiled model was not equal to the original: {error.problem}")


def _try(settings: ProjectSettings, executable: Executable) -> None:
    """Open the model as the function will, with the packaged modules."""
    # Without trusted names the model file names only libraries.
    modules = collect_trusted(settings.directory, settings.trust) | collect_included(settings) if settings.trust else {}
    open_as_the_function(executable.executor, executable.model, executable.files, modules, executable.golden)


def _check_name(settings: ProjectSettings) -> None:
    if settings.model in OUR_FILES:
        raise ProjectError(
            f"{settings.model} is a file name that `package` uses itself",
            remedy=f"Rename the model file. Reserved names: {' and '.join(sorted(OUR_FILES))}.",
        )


@contextlib.contextmanager
def _project_modules(settings: ProjectSettings) -> Iterator[None]:
    """Make the project's modules importable for trusted names of the model file, if there are any."""
    if not settings.trust:
        yield
        return
    entry = str(settings.directory.resolve())
    for name in settings.trust:
        _check_is_there(name, settings.directory)
    sys.path.append(entry)  # last, so that a file of the project cannot replace an installed library
    try:
        yield
    finally:
        sys.path.remove(entry)


def _check_is_there(name: str, directory: Path) -> None:
    """Refuse a trusted name whose module is neither in the project nor installed: the model could not be opened."""
    root = name.partition(".")[0]
    if (directory / root).is_dir() or (directory / f"{root}.py").is_file() or importlib.util.find_spec(root):
        return
    raise ProjectError(
        f'trust names "{name}", and there is no module {root} in {directory}, and none is installed',
        remedy=f"Put {root}.py into the project (for `init` and `compile`: next to the model file), or install its package.",
    )


def _compiled(settings: ProjectSettings) -> Executable:
    from iris_model.compiler import compile_model

    compilation = compile_model(
        settings.model_path, data=settings.data_path, trust=settings.trust, categories=settings.categories
    )
    model = str(PurePosixPath(settings.model).with_suffix(COMPILED_SUFFIX))
    return Executable(
        executor="compiled",
        reason=f"{compilation.source['class']} compiles, and is equal to the original: {compilation.report.summary()[:-1]}",
        model=model,
        files={model: compilation.data},
        signature=compilation.signature,
        source=compilation.source,
        golden=compilation.golden,
        operator_modules=compilation.operator_modules,
    )


def _original(settings: ProjectSettings, because: str) -> Executable:
    _check_name(settings)
    from iris_model.compiler import describe_original, read_model_file

    description = describe_original(
        settings.model_path, data=settings.data_path, trust=settings.trust, categories=settings.categories
    )
    source: Source = {
        **description.source,
        "file": PurePosixPath(settings.model).name,
        "format": read_model_file(settings.model_path).opener,
    }
    library = description.source["library"]
    size = installed_size_mb(library) if library else 0
    size_cost = f"{size} MB for {library} and its dependencies" if size else "the size of its library"
    reason = f"{because}; this adds {size_cost} to the image, and {COLD_START_OF_LIBRARY} to each cold start"
    return _uncompiled("original", reason, settings, description, source, {})


def _onnx(settings: ProjectSettings, because: str) -> Executable:
    _check_name(settings)
    from iris_model.compiler import describe_onnx

    description = describe_onnx(settings.model_path, data=settings.data_path)
    source: Source = {**description.source, "file": PurePosixPath(settings.model).name, "format": ONNX}
    library = str(description.source["library"])
    reason = (
        f"{because}; {library} and its dependencies add {installed_size_mb(library)} MB to "
        f"the image, and {COLD_START_OF_ONNXRUNTIME} to each cold start"
    )
    return _uncompiled("onnxruntime", reason, settings, description, source, settings.weight_files)


def _uncompiled(
    executor: str,
    reason: str,
    settings: ProjectSettings,
    description: Description,
    source: Source,
    weights: Mapping[str, Path],
) -> Executable:
    """Return the executable of a model that is not compiled: its file, the weights next to it, and its description."""
    model = PurePosixPath(settings.model)
    return Executable(
        executor=executor,
        reason=reason,
        model=settings.model,
        files={
            settings.model: settings.model_path,
            **{str(model.parent / name): path for name, path in weights.items()},
            str(model.with_suffix(SIGNATURE_SUFFIX)): encode_json(
                {"signature": description.signature, "source": source}
            ),
        },
        signature=description.signature,
        source=source,
        golden=description.golden,
        needs=(source["library"],) if source["library"] else (),
    )


def _list(categories: Sequence[object]) -> str:
    more = ["..."] if len(categories) > _MOST_CATEGORIES else []
    return ", ".join([*map(str, categories[:_MOST_CATEGORIES]), *more])


def installed_size_mb(distribution: str) -> int:
    """Return the size in MB of an installed distribution with its dependencies, 0 if it is not installed."""
    from importlib import metadata

    from iris_model.installed import installed_bytes, requirements_of

    total = 0
    waiting, seen = [distribution], set()
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            total += installed_bytes(name)
        except metadata.PackageNotFoundError:
            waiting += [twin for twin in TWINS.get(name.lower(), ()) if twin not in seen]
            continue
        # A requirement with a marker is an extra or for another system. All others are always installed.
        waiting += [_name_of(requirement) for requirement in requirements_of(name) if ";" not in requirement]
    return round(total / 1_000_000)


def _name_of(requirement: str) -> str:
    end = next(
        (i for i, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), len(requirement)
    )
    return requirement[:end]

"""Which executor serves a model, and why: a project's settings in, an `Executable` out.

The only stage of packaging that opens the model, and so the only one that needs numpy and the model's library; both
come with `iris_model.compiler`, imported when it is asked for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from iris_model.errors import ParityError, ProjectError, UnsupportedModel
from iris_model.project.function_directory import encode_json
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings

COMPILED_SUFFIX = ".safetensors"
ONNX_SUFFIX = ".onnx"
SIGNATURE_SUFFIX = ".signature.json"

# Importing scikit-learn 1.9 took 1.0 to 1.9 s in three runs on two busy cores. An order of magnitude, and said as one.
COLD_START_OF_LIBRARY = "about a second"

# Importing onnxruntime 1.32 took 0.1 to 0.2 s in three runs on two busy cores.
COLD_START_OF_ONNXRUNTIME = "a few tenths of a second"


@dataclass(frozen=True)
class Executable:
    """What answers in the function: files, and the rows with which every later stage tests itself."""

    executor: str
    reason: str
    model: str
    files: Mapping[str, bytes | Path]
    signature: Mapping[str, Any]
    source: Mapping[str, Any]
    golden: Sequence[Mapping[str, Any]]
    needs: tuple[str, ...] = field(default=())
    operator_modules: tuple[str, ...] | None = field(default=())
    """Modules of the engine with the operators of the graph; None for all."""


Choose = Callable[[ProjectSettings], Executable]


def choose_executable(settings: ProjectSettings) -> Executable:
    """Compile the model, or fall back to the original where the settings allow it and equality cannot be shown."""
    suffix = PurePosixPath(settings.model).suffix.lower()
    if suffix == ONNX_SUFFIX and settings.executor in ("auto", "onnxruntime"):
        return _onnx(settings)
    if suffix == ONNX_SUFFIX or settings.executor == "onnxruntime":
        raise ProjectError(
            f'model = "{settings.model}", executor = "{settings.executor}" in {SETTINGS_FILE}: '
            "the onnxruntime executor serves .onnx files, and no other executor does",
            remedy='Set executor = "auto", or name the other file.',
        )
    if suffix == COMPILED_SUFFIX:
        raise ProjectError(
            f'model = "{settings.model}" in {SETTINGS_FILE} is compiled already: expected the trained model, which the '
            "compiled one is compared with",
            remedy="Name the file that your training wrote.",
        )
    with _project_modules(settings):
        if settings.executor == "original":
            return _original(settings, "it was asked for")
        try:
            return _compiled(settings)
        except UnsupportedModel as error:
            if settings.executor == "compiled":
                raise
            try:
                return _original(settings, "the model cannot be compiled: " + "; ".join(error.reasons))
            except UnsupportedModel as worse:
                raise UnsupportedModel([*error.reasons, *worse.reasons], remedy=worse.remedy) from None
        except ParityError as error:
            if settings.executor == "compiled":
                raise
            return _original(settings, f"the compiled model was not equal to the original: {error.problem}")


@contextlib.contextmanager
def _project_modules(settings: ProjectSettings) -> Iterator[None]:
    """Let trusted names of the model file be found in the project; without any, nothing of the project is imported."""
    if not settings.trust:
        yield
        return
    entry = str(settings.directory.resolve())
    for name in settings.trust:
        _check_is_there(name, settings.directory)
    sys.path.append(entry)  # last, so that a file of the project cannot stand in for an installed library
    try:
        yield
    finally:
        sys.path.remove(entry)


def _check_is_there(name: str, directory: Path) -> None:
    """Refuse a trusted name whose module is neither in the project nor installed: opening the model would only fail."""
    root = name.partition(".")[0]
    if (directory / root).is_dir() or (directory / f"{root}.py").is_file() or importlib.util.find_spec(root):
        return
    raise ProjectError(
        f'trust names "{name}", and there is no module {root}: neither in {directory} nor installed',
        remedy=f"Put {root}.py into the project (for init and compile: beside the model file), or install its package.",
    )


def _compiled(settings: ProjectSettings) -> Executable:
    from iris_model.compiler import compile_model

    compilation = compile_model(settings.model_path, data=settings.data_path, trust=settings.trust)
    model = str(PurePosixPath(settings.model).with_suffix(COMPILED_SUFFIX))
    return Executable(
        executor="compiled",
        reason=f"{compilation.source['class']} compiles, and equals the original on {compilation.report.row_count} rows",
        model=model,
        files={model: compilation.data},
        signature=compilation.signature,
        source=compilation.source,
        golden=compilation.golden,
        operator_modules=compilation.operator_modules,
    )


def _original(settings: ProjectSettings, because: str) -> Executable:
    from iris_model.compiler import describe_original

    description = describe_original(settings.model_path, data=settings.data_path, trust=settings.trust)
    library = description.source["library"]
    size = installed_size_mb(library) if library else 0
    size_cost = f"{size} MB for {library} and what it needs" if size else "the size of its library"
    signature = str(PurePosixPath(settings.model).with_suffix(SIGNATURE_SUFFIX))
    return Executable(
        executor="original",
        reason=f"{because}; it costs {size_cost}, and {COLD_START_OF_LIBRARY} more at each cold start",
        model=settings.model,
        files={
            settings.model: settings.model_path,
            signature: encode_json({"signature": description.signature, "source": description.source}),
        },
        signature=description.signature,
        source=description.source,
        golden=description.golden,
        needs=(library,) if library else (),
    )


def _onnx(settings: ProjectSettings) -> Executable:
    from iris_model.compiler import describe_onnx

    description = describe_onnx(settings.model_path, data=settings.data_path)
    library = str(description.source["library"])
    signature = str(PurePosixPath(settings.model).with_suffix(SIGNATURE_SUFFIX))
    return Executable(
        executor="onnxruntime",
        reason=f"the model is an ONNX file; it costs {installed_size_mb(library)} MB for {library} and what it needs, and "
        f"{COLD_START_OF_ONNXRUNTIME} more at each cold start",
        model=settings.model,
        files={
            settings.model: settings.model_path,
            signature: encode_json({"signature": description.signature, "source": description.source}),
        },
        signature=description.signature,
        source=description.source,
        golden=description.golden,
        needs=(library,),
    )


def installed_size_mb(distribution: str) -> int:
    """Megabytes of an installed distribution and all that it requires, 0 when it is not installed."""
    from importlib import metadata

    total = 0
    waiting, seen = [distribution], set()
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for file in found.files or ():
            path = Path(str(file.locate()))
            total += path.stat().st_size if path.is_file() else 0
        # A requirement with a marker is an extra or for another system; those without are always installed.
        waiting += [_name_of(requirement) for requirement in found.requires or () if ";" not in requirement]
    return round(total / 1_000_000)


def _name_of(requirement: str) -> str:
    end = next(
        (i for i, letter in enumerate(requirement) if not (letter.isalnum() or letter in "-_.")), len(requirement)
    )
    return requirement[:end]

"""Package a project: `iris-model.toml`, a model and a handler become a function directory.

The function directory is exactly the content of `/var/task`. If the inputs did not change, it is not written again
(`stamp`), so that `serve` restarts at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.golden import GOLDEN_FILE
from iris_model.errors import ProjectError
from iris_model.project.compilation.compilations import choose_remembered
from iris_model.project.configuration.key import write_value
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.dependencies.needed_imports import find_needed_imports
from iris_model.project.dependencies.requirement_imports import check_imports, find_lacking
from iris_model.project.dependencies.requirement_lines import digest_requirements
from iris_model.project.dependencies.requirements import (
    REQUIREMENTS_FILE,
    check_can_install,
    install_requirements_into,
)
from iris_model.project.disk import disk_errors
from iris_model.project.packaging.answer_labels import name_answers
from iris_model.project.packaging.compiled_modules import with_bytecode
from iris_model.project.packaging.description import describe_settings, target_python
from iris_model.project.packaging.executors import COMPILED_SUFFIX, Choose, Executable, measure_content
from iris_model.project.packaging.function_directory import (
    check_may_replace,
    encode_json_lines,
    list_files,
    size_of,
    write_function_directory,
)
from iris_model.project.packaging.interpreters import RUNNING_PYTHON, Interpreter, find_interpreter
from iris_model.project.packaging.kernels import choose_kernels
from iris_model.project.packaging.labels import check_labels
from iris_model.project.packaging.native import choose_native
from iris_model.project.packaging.python_entry import dockerfile_of, starts_python
from iris_model.project.packaging.shipped import shipped_files
from iris_model.project.packaging.sources import (
    collect_imported,
    collect_included,
    collect_sources,
    find_foreign_imports,
)
from iris_model.project.packaging.stamp import (
    WORK_DIRECTORY,
    digest_inputs,
    make_work_directory,
    read_stamp,
    write_stamp,
)

_MOST_COLUMNS = 8

OnStep = Callable[[str], None]

# scikit-learn alone needs about 120 MB without a model (measured; design.md section 12).
MEMORY_OF_ORIGINAL_MB = 512

# Base images with only AWS's packages. The packages of other bases are not known.
AWS_BASES = ("public.ecr.aws/lambda/", "public.ecr.aws/sam/", "amazon/aws-lambda-python")

# Model libraries whose import name differs from their distribution name.
IMPORTED_AS = {"scikit-learn": "sklearn"}


class PackageSource(Protocol):
    """A source of third-party packages other than this machine's pip and Python."""

    @property
    def identity(self) -> str:
        """A text that changes when other files would be installed."""

    def install(self, directory: Path, requirements: Path) -> None:
        """Put the packages into `directory`, in the layout of `pip install --target`."""


@dataclass(frozen=True)
class PackagedFunction:
    """A function directory, with notes for the user.

    `settings.runtime` is the runtime that was chosen, "native" or "python".
    """

    directory: Path
    settings: ProjectSettings
    executor: str
    reason: str
    runtime_reason: str
    """Why `settings.runtime` is native or python; empty if Python was asked for."""

    notes: tuple[str, ...]
    size_bytes: int
    files: int
    unchanged: bool
    own_files: tuple[str, ...] = ()
    """All files except packages and runtime: the handler, its modules, the model and its description."""

    needs: tuple[str, ...] = ()
    """The part of requirements.txt that the function itself imports."""


@disk_errors("the function directory")
def package_project(
    project: Path,
    *,
    output: Path | None = None,
    executor: str | None = None,
    install_requirements: bool = False,
    settings: ProjectSettings | None = None,
    packages: PackageSource | None = None,
    on_step: OnStep = lambda step: None,
    choose: Choose = choose_remembered,
) -> PackagedFunction:
    """Package the project into `output`, by default its `.iris-model/function`.

    `settings` replace those of the project's file, for example with another Python or architecture. The requirements
    that the function needs are installed from `packages` if given, or with `install_requirements` by the pip of this
    machine. Raises ProjectError and the errors of `compile_model`.
    """
    settings = settings or read_settings(project)
    if executor:
        settings = replace(settings, executor=executor)
    install_requirements = install_requirements or packages is not None
    output = output or settings.directory / WORK_DIRECTORY / "function"
    sources = collect_sources(settings)
    compiler = find_interpreter(target_python(settings))
    input_files = sources | _other_inputs(settings)

    def installer() -> str:
        if packages:
            return packages.identity
        wanted = install_requirements and digest_requirements(settings.directory / REQUIREMENTS_FILE)
        return f"pip of this machine: {wanted}"

    def digest(installer: str) -> str:
        # The imports are compared with the requirements even if nothing is installed.
        packages = f"{installer}; {digest_requirements(settings.directory / REQUIREMENTS_FILE)}"
        # With `auto`, the Dockerfile of the project decides about the runtime.
        packages += f"; {starts_python(dockerfile_of(settings.directory))}"
        return digest_inputs(settings, input_files, packages=packages, compiler=compiler.version if compiler else "")

    asked = installer()
    inputs = digest(asked)
    remembered = read_stamp(settings, output, inputs)
    if remembered:
        return _packaged(output, settings, remembered, unchanged=True)

    check_may_replace(output)
    _check_output_is_apart(output, settings, input_files)
    on_step(f"Compiling {settings.model}")
    executable = choose(settings)
    _check_no_collision(executable, sources)
    _check_capture(settings, executable)
    check_labels(settings, executable.signature["classes"])
    executable = name_answers(settings, executable)
    asked_for = _sources_that_count(settings, executable, sources)
    needs = _find_needs(executable, asked_for)
    lacking = _check_requirements(settings, executable, asked_for)
    if install_requirements and needs:
        check_can_install(settings, None if packages else RUNNING_PYTHON)
    if output.parent.name == WORK_DIRECTORY:
        make_work_directory(settings.directory)

    def fill(directory: Path) -> None:
        if native:
            native.install(directory)
        if install_requirements and needs:
            on_step(f"Installing {REQUIREMENTS_FILE}")
            install = packages.install if packages else install_requirements_into
            install(directory, settings.directory / REQUIREMENTS_FILE)

    on_step(f"Writing {output}")
    # A second compiled model among the included files may need any operator.
    several = any(name.endswith(COMPILED_SUFFIX) for name in sources)
    modules = None if several else executable.operator_modules
    kernels, no_kernels = choose_kernels(
        settings, executable.executor, modules, _size_of_model(executable, sources), target_python(settings)
    )
    native, runtime_reason = choose_native(settings, executable, sources, has_kernels=kernels is not None)
    decided = replace(settings, runtime="native" if native else "python")
    shipped: Mapping[str, bytes | Path] = (
        native.files
        if native
        else shipped_files(
            executable.executor, modules, kernels, events=settings.has_events, names=settings.answer_labels
        )
    )
    # `compiler` stays in the digest of the inputs. A native function has nothing to compile.
    writes_bytecode = None if native else compiler
    if writes_bytecode:
        shipped = with_bytecode(shipped, writes_bytecode)
    own = {**sources, **executable.files, GOLDEN_FILE: encode_json_lines(executable.golden)}
    write_function_directory(
        output,
        {**own, **shipped},
        {**describe_settings(decided), "executor": executable.executor, "model": executable.model},
        compiler=writes_bytecode,
        fill=fill,
        check=lambda directory: _check_budget(directory, settings),
    )
    remembered = {
        "executor": executable.executor,
        "reason": executable.reason,
        "runtime": decided.runtime,
        "runtime_reason": runtime_reason,
        "notes": (
            *executable.assumptions,
            *lacking,
            *(
                ()
                if native
                else _notes(settings, executable, needs, no_kernels, compiler, installed=install_requirements)
            ),
        ),
        "own_files": sorted([*own, FUNCTION_FILE]),
        "needs": needs,
    }
    # The stamp is written only if the files are still the same: training may have written the model again. The versions
    # of packages may have been chosen during the installation.
    if digest(asked) == inputs:
        chosen = installer()
        write_stamp(settings, output, inputs if chosen == asked else digest(chosen), remembered)
    return _packaged(output, settings, remembered, unchanged=False)


def _check_capture(settings: ProjectSettings, executable: Executable) -> None:
    """Refuse a column in [capture] that the model does not have: the runtime would refuse to start."""
    capture = settings.deployment.capture
    known = [str(column["name"]) for column in executable.signature.get("columns", [])]
    unknown = [name for name in capture.without if name not in known]
    if capture.rate and unknown:
        raise ProjectError(
            f"capture.without in {SETTINGS_FILE} names {write_value(unknown[0])}, and the model has no such column",
            remedy=f"Correct the name; the columns are {', '.join(map(write_value, known[:_MOST_COLUMNS]))}"
            f"{' and more' if len(known) > _MOST_COLUMNS else ''}.",
        )


def _packaged(
    output: Path, settings: ProjectSettings, remembered: Mapping[str, Any], *, unchanged: bool
) -> PackagedFunction:
    return PackagedFunction(
        directory=output,
        settings=replace(settings, runtime=remembered["runtime"]),
        executor=remembered["executor"],
        reason=remembered["reason"],
        runtime_reason=remembered["runtime_reason"],
        notes=tuple(remembered["notes"]),
        size_bytes=size_of(output),
        files=len(list_files(output)),
        unchanged=unchanged,
        own_files=tuple(remembered["own_files"]),
        needs=tuple(remembered["needs"]),
    )


def _other_inputs(settings: ProjectSettings) -> dict[str, Path]:
    inputs = settings.model_files
    if not settings.model_path.is_file():
        raise ProjectError(
            f'model = "{settings.model}" in {SETTINGS_FILE}: no such file in {settings.directory}',
            remedy="Train the model (python train.py), or correct the name.",
        )
    if settings.data_path:
        inputs["data"] = settings.data_path
        if not settings.data_path.is_file():
            raise ProjectError(
                f'data = "{settings.data}" in {SETTINGS_FILE}: no such file in {settings.directory}',
                remedy="Correct the name, or remove the key: sample rows are optional.",
            )
    return inputs


def _size_of_model(executable: Executable, sources: Mapping[str, Path]) -> int:
    """Return the size in bytes of the largest packaged compiled model."""
    compiled = [content for name, content in {**sources, **executable.files}.items() if name.endswith(COMPILED_SUFFIX)]
    return max(map(measure_content, compiled), default=0)


def _sources_that_count(
    settings: ProjectSettings, executable: Executable, sources: Mapping[str, Path]
) -> Mapping[str, Path]:
    """Return the files that the function imports. A compiled model does not need the modules of trusted names."""
    if executable.executor == "original":
        return sources
    return {**collect_imported(settings), **collect_included(settings)}


def _check_requirements(
    settings: ProjectSettings, executable: Executable, sources: Mapping[str, Path]
) -> tuple[str, ...]:
    """Refuse imports that no line of requirements.txt provides. Return notes about those that may be missing."""
    imports = find_needed_imports(sources)
    modules = {*imports.at_import, *(IMPORTED_AS.get(name, name) for name in executable.needs)}
    if executable.executor == "original":
        own = {name.split("/")[0].removesuffix(".py") for name in sources}
        modules |= {name.partition(".")[0] for name in settings.trust} - own - sys.stdlib_module_names
    requirements = settings.directory / REQUIREMENTS_FILE
    if settings.base_image.startswith(AWS_BASES):
        check_imports(modules, requirements)
        modules = set()
    lacking = find_lacking({*modules, *imports.when_called}, requirements)
    return tuple(
        f"{each.module} is imported, but no line of {REQUIREMENTS_FILE} provides it"
        + (f": {each.lines[0]}" if each.lines else "")
        for each in lacking
    )


def _find_needs(executable: Executable, sources: Mapping[str, Path]) -> tuple[str, ...]:
    """Return what the function needs from `requirements.txt`: usually nothing if the model is compiled."""
    foreign = find_foreign_imports(sources)
    named = {IMPORTED_AS.get(name, name) for name in executable.needs}
    return (*executable.needs, *(name for name in foreign if name not in named))


def _notes(
    settings: ProjectSettings,
    executable: Executable,
    needs: tuple[str, ...],
    no_kernels: str,
    compiler: Interpreter | None,
    *,
    installed: bool,
) -> tuple[str, ...]:
    notes = []
    if no_kernels:
        notes.append(f"pure Python is used, which is slower for batches: {no_kernels}")
    if needs and not installed:
        are, them = ("are", "them") if len(needs) > 1 else ("is", "it")
        notes.append(
            f"{', '.join(needs)} must be importable where the function runs and {are} not in the function directory; "
            f"package --install-requirements adds {them}"
        )
    if executable.executor != "compiled" and settings.memory < MEMORY_OF_ORIGINAL_MB:
        notes.append(
            f"memory = {settings.memory} MB is little for the original library; {MEMORY_OF_ORIGINAL_MB} or more is usual"
        )
    if compiler is None:
        notes.append(
            f"the function runs on Python {target_python(settings)}, and this is {RUNNING_PYTHON}: no bytecode is "
            f"included, so every cold start compiles the modules; put python{target_python(settings)} on the PATH "
            f"to include it"
        )
    return tuple(notes)


def _check_output_is_apart(output: Path, settings: ProjectSettings, inputs: Mapping[str, Path]) -> None:
    place = output.resolve()
    if inside := next((path for path in inputs.values() if path.resolve().is_relative_to(place)), None):
        raise ProjectError(
            f"{inside} is inside {output}, and packaging replaces the whole directory",
            remedy="Choose a separate output directory.",
        )
    if settings.directory.resolve().is_relative_to(output.resolve()):
        raise ProjectError(
            f"{output} contains the project, and packaging replaces the whole directory",
            remedy="Choose a separate output directory.",
        )


def _check_no_collision(executable: Executable, sources: Mapping[str, Path]) -> None:
    for name in executable.files:
        if name in sources:
            raise ProjectError(
                f"include in {SETTINGS_FILE} includes {name}, a file name that `package` uses itself",
                remedy="Remove it from include.",
            )


def _check_budget(directory: Path, settings: ProjectSettings) -> None:
    budget = settings.budgets.function_directory_kib
    size = size_of(directory)
    if budget is None or size <= budget * 1024:
        return
    largest = sorted(list_files(directory), key=lambda name: (directory / name).stat().st_size, reverse=True)[:3]
    raise ProjectError(
        f"the function directory has {size / 1024:.0f} KiB, and budgets.function-directory-kib allows {budget}; "
        f"the largest files are {', '.join(largest)}",
        remedy="Remove files, or raise the budget. Nothing was written.",
    )

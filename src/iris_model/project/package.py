"""Packages a project: `iris-model.toml`, a model and a handler in; the function directory out.

The function directory is exactly the content of `/var/task`. What was packaged from the same inputs before is left
as it is (`stamp`), which is what lets `serve` start again at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from iris_model.errors import ProjectError
from iris_model.project.compilations import choose_remembered
from iris_model.project.compiled_modules import with_bytecode
from iris_model.project.deployment import HttpSettings
from iris_model.project.disk import disk_errors
from iris_model.project.executors import COMPILED_SUFFIX, Choose, Executable
from iris_model.project.function_directory import (
    FUNCTION_FILE,
    FUNCTION_FORMAT,
    check_may_replace,
    encode_json_lines,
    list_files,
    size_of,
    write_function_directory,
)
from iris_model.project.interpreters import RUNNING_PYTHON, Interpreter, find_interpreter
from iris_model.project.kernels import choose_kernels
from iris_model.project.requirement_lines import digest_requirements
from iris_model.project.requirements import REQUIREMENTS_FILE, check_can_install, install_requirements_into
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings, read_settings
from iris_model.project.shipped import shipped_files
from iris_model.project.sources import collect_sources, find_foreign_imports
from iris_model.project.stamp import WORK_DIRECTORY, digest_inputs, make_work_directory, read_stamp, write_stamp

OnStep = Callable[[str], None]

# scikit-learn alone needs about 120 MB before it has seen a model (measured; design.md section 12).
MEMORY_OF_ORIGINAL_MB = 512

# Of the libraries that a model may need, the one that is imported by another name than it is installed by.
IMPORTED_AS = {"scikit-learn": "sklearn"}


class PackageSource(Protocol):
    """Where third-party packages come from, when it is not this machine's own pip and Python."""

    @property
    def identity(self) -> str:
        """Everything that decides which files it installs."""

    def install(self, directory: Path, requirements: Path) -> None:
        """Put the packages into `directory`, as `pip install --target` lays them."""


@dataclass(frozen=True)
class PackagedFunction:
    """A function directory, and what the user may want to know about it."""

    directory: Path
    settings: ProjectSettings
    executor: str
    reason: str
    notes: tuple[str, ...]
    size_bytes: int
    files: int
    unchanged: bool
    own_files: tuple[str, ...] = ()
    """What is neither a package nor of ours: the handler, its modules, the model and what describes it."""

    needs: tuple[str, ...] = ()
    """What of requirements.txt the function itself imports."""


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

    `settings` stand in for those of the project's file, with another Python or processor, say. What the function needs of
    requirements.txt is installed from `packages` if they are given, else, on request, by the pip of this machine.
    """
    settings = settings or read_settings(project)
    if executor:
        settings = replace(settings, executor=executor)
    install_requirements = install_requirements or packages is not None
    output = output or settings.directory / WORK_DIRECTORY / "function"
    sources = collect_sources(settings)
    compiler = find_interpreter(_target_python(settings))
    input_files = sources | _other_inputs(settings)

    def installer() -> str:
        if packages:
            return packages.identity
        wanted = install_requirements and digest_requirements(settings.directory / REQUIREMENTS_FILE)
        return f"pip of this machine: {wanted}"

    def digest(installer: str) -> str:
        return digest_inputs(settings, input_files, packages=installer, compiler=compiler.version if compiler else "")

    asked = installer()
    inputs = digest(asked)
    remembered = read_stamp(settings, output, inputs)
    if remembered:
        return _packaged(output, settings, remembered, unchanged=True)

    check_may_replace(output)
    _check_output_is_apart(output, settings)
    on_step(f"Compiling {settings.model}")
    executable = choose(settings)
    _check_no_collision(executable, sources)
    needs = _find_needs(executable, sources)
    if install_requirements and needs:
        check_can_install(settings, None if packages else RUNNING_PYTHON)
    if output.parent.name == WORK_DIRECTORY:
        make_work_directory(settings.directory)

    def fill(directory: Path) -> None:
        if install_requirements and needs:
            on_step(f"Installing {REQUIREMENTS_FILE}")
            install = packages.install if packages else install_requirements_into
            install(directory, settings.directory / REQUIREMENTS_FILE)

    on_step(f"Writing {output}")
    # A second compiled model among the included files may need any operator.
    several = any(name.endswith(COMPILED_SUFFIX) for name in sources)
    modules = None if several else executable.operator_modules
    kernels, no_kernels = choose_kernels(
        settings, executable.executor, modules, _size_of_model(executable, sources), _target_python(settings)
    )
    shipped: Mapping[str, bytes | Path] = shipped_files(executable.executor, modules, kernels)
    if compiler:
        shipped = with_bytecode(shipped, compiler)
    own = {**sources, **executable.files, "golden.json": encode_json_lines(executable.golden)}
    write_function_directory(
        output,
        {**own, **shipped},
        _describe(settings, executable),
        compiler=compiler,
        fill=fill,
        check=lambda directory: _check_budget(directory, settings),
    )
    remembered = {
        "executor": executable.executor,
        "reason": executable.reason,
        "notes": _notes(settings, executable, needs, no_kernels, compiler, installed=install_requirements),
        "own_files": sorted([*own, FUNCTION_FILE]),
        "needs": needs,
    }
    # Only if the files are still those that were read: training may have written the model anew meanwhile. What was installed
    # may have been chosen only now.
    if digest(asked) == inputs:
        chosen = installer()
        write_stamp(settings, output, inputs if chosen == asked else digest(chosen), remembered)
    return _packaged(output, settings, remembered, unchanged=False)


def _packaged(
    output: Path, settings: ProjectSettings, remembered: Mapping[str, Any], *, unchanged: bool
) -> PackagedFunction:
    return PackagedFunction(
        directory=output,
        settings=settings,
        executor=remembered["executor"],
        reason=remembered["reason"],
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
            f'model = "{settings.model}" in {SETTINGS_FILE}: there is no such file in {settings.directory}',
            remedy="Train the model first (python train.py), or correct the name.",
        )
    if settings.data_path:
        inputs["data"] = settings.data_path
        if not settings.data_path.is_file():
            raise ProjectError(
                f'data = "{settings.data}" in {SETTINGS_FILE}: there is no such file in {settings.directory}',
                remedy="Correct the name, or take the key out: sample rows are optional.",
            )
    return inputs


def _describe(settings: ProjectSettings, executable: Executable) -> dict[str, Any]:
    return {
        "format": FUNCTION_FORMAT,
        "name": settings.name,
        "handler": settings.handler,
        "executor": executable.executor,
        "python": _target_python(settings),
        "architecture": settings.architecture,
        "memory": settings.memory,
        "timeout": settings.timeout,
        "route": settings.route,
        "stage": settings.stage,
        "http": _describe_http(settings.http),
        "reserved_concurrency": settings.deployment.reserved_concurrency,
        "log_format": {"text": "Text", "json": "JSON"}[settings.deployment.log_format],
        "model": executable.model,
        "environment": dict(sorted(settings.environment.items())),
    }


def _describe_http(http: HttpSettings) -> dict[str, Any]:
    """What `serve` needs to behave as the endpoint will. An HTTP API does not need to know whose tokens it would check."""
    described = asdict(http)
    del described["jwt"]
    return described


def _target_python(settings: ProjectSettings) -> str:
    return settings.python or RUNNING_PYTHON


def _size_of_model(executable: Executable, sources: Mapping[str, Path]) -> int:
    """Bytes of the largest compiled model that travels."""
    compiled = [content for name, content in {**sources, **executable.files}.items() if name.endswith(COMPILED_SUFFIX)]
    return max(
        [content.stat().st_size if isinstance(content, Path) else len(content) for content in compiled], default=0
    )


def _find_needs(executable: Executable, sources: Mapping[str, Path]) -> tuple[str, ...]:
    """What of `requirements.txt` the function itself needs: nothing, as a rule, when the model is compiled."""
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
        notes.append(f"Python answers, which is slower for many rows at once: {no_kernels}")
    if needs and not installed:
        are, them = ("are", "them") if len(needs) > 1 else ("is", "it")
        notes.append(
            f"{', '.join(needs)} must be importable where the function runs and {are} not in the function directory: "
            f"package --install-requirements puts {them} there"
        )
    if executable.executor != "compiled" and settings.memory < MEMORY_OF_ORIGINAL_MB:
        notes.append(
            f"memory = {settings.memory} MB is little for the original library: "
            f"{MEMORY_OF_ORIGINAL_MB} or more is usual"
        )
    if compiler is None:
        notes.append(
            f"the function runs on Python {_target_python(settings)}, this is {RUNNING_PYTHON}: "
            "no bytecode is included, and every cold start compiles the modules again; "
            f"with a python{_target_python(settings)} on the PATH it would be"
        )
    return tuple(notes)


def _check_output_is_apart(output: Path, settings: ProjectSettings) -> None:
    if settings.directory.resolve().is_relative_to(output.resolve()):
        raise ProjectError(
            f"{output} holds the project itself, and packaging replaces the whole directory",
            remedy="Name a directory of its own.",
        )


def _check_no_collision(executable: Executable, sources: Mapping[str, Path]) -> None:
    for name in executable.files:
        if name in sources:
            raise ProjectError(
                f"include in {SETTINGS_FILE} brings {name}, which package writes itself",
                remedy="Take it out of include.",
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
        remedy="Take files out, or raise the budget. Nothing was written.",
    )

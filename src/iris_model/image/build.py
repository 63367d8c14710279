"""Build the image of a project, stage by stage, each in its own module.

    base        reference or path        -> Base: image, Python, C library, libraries
    project     project                  -> function directory for that Python and architecture   (packages: packages)
    layers      function directory       -> packages, runtime, model
    assemble    base + layers            -> Image
    sizes       Image                    -> table, limits, budgets
    documents   Image                    -> SBOM, provenance

The image is not written here: `outputs` and `publish` write it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from iris_model.contract.native_function import SCRATCH
from iris_model.errors import ImageError
from iris_model.image.assemble import assemble
from iris_model.image.bases.base import Base, OnStep, open_base
from iris_model.image.bases.cache import Cache
from iris_model.image.bases.connecting import Connect, connect_registry
from iris_model.image.dependencies.packages import TargetPackages
from iris_model.image.layers import FunctionLayer, build_layers, remove_old_layers
from iris_model.image.lock import Lock, LockedWheel
from iris_model.image.sizes import SizeReport, check_limits, measure, measure_before
from iris_model.oci import DOCKER, BlobStore, Image, MediaTypes
from iris_model.oci.writing import one_at_a_time
from iris_model.project import PackagedFunction, ProjectSettings, package_project, read_settings
from iris_model.project.caching.user_cache import default_directory
from iris_model.project.compilation.compilations import choose_remembered
from iris_model.project.dependencies.requirements import REQUIREMENTS_FILE
from iris_model.project.disk import disk_errors
from iris_model.project.packaging.executors import Choose
from iris_model.project.packaging.interpreters import RUNNING_PYTHON
from iris_model.project.packaging.stamp import WORK_DIRECTORY, make_work_directory

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class BuiltImage:
    """The image of a project, and its inputs."""

    image: Image
    settings: ProjectSettings
    base: Base
    packaged: PackagedFunction
    layers: tuple[FunctionLayer, ...]
    sizes: SizeReport
    packages: tuple[LockedWheel, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def work_directory(self) -> Path:
        """The project's directory for files that can be generated again."""
        return self.settings.directory / WORK_DIRECTORY

    @property
    def layout(self) -> Path:
        """The default path of the image, and the location of its documents."""
        return layout_of(self.settings.directory)


def one_build_at_a_time(project: Path, on_step: OnStep) -> AbstractContextManager[None]:
    """Wait for other builds of this project, which would write the same function directory, layers and layout."""
    return one_at_a_time(project, lambda: on_step("Waiting for another build of this project"))


def layout_of(project: Path) -> Path:
    """Return the path where `iris-model build` writes the image of a project."""
    return project / WORK_DIRECTORY / "image"


def build_image(
    project: Path,
    *,
    settings: ProjectSettings | None = None,
    base: str | None = None,
    architecture: str | None = None,
    family: MediaTypes = DOCKER,
    update: bool = False,
    cache: Cache | None = None,
    connect: Connect = connect_registry,
    on_step: OnStep = lambda step: None,
    choose: Choose = choose_remembered,
) -> BuiltImage:
    """Build the image of a project. `base` and `architecture` replace those of `iris-model.toml`."""
    settings = settings or read_settings(project)
    settings = replace(
        settings, base_image=base or settings.base_image, architecture=architecture or settings.architecture
    )
    cache = cache or Cache(default_directory())
    cache.check_writable()
    lock = Lock.read(settings.directory)
    if update:
        lock.forget()
    opened = open_base(
        settings.base_image,
        settings.architecture,
        project=settings.directory,
        lock=lock,
        cache=cache,
        connect=connect,
        on_step=on_step,
    )
    if opened.name == SCRATCH and settings.runtime == "auto":
        settings = replace(settings, runtime="native")
    python = _choose_python(opened, settings)
    settings = replace(settings, python=python)
    packages = TargetPackages(opened, python, lock, cache, on_step)
    with disk_errors(str(settings.directory)):
        work = make_work_directory(settings.directory)
    packaged = package_project(
        project,
        settings=settings,
        output=work / "functions" / f"python{python}-{settings.architecture}",
        packages=packages,
        on_step=on_step,
        choose=choose,
    )
    check_limits(measure_before(packaged, opened), settings.budgets)
    on_step("Building the layers")
    store = BlobStore(work / "layers")
    layers = build_layers(packaged, store)
    settings = packaged.settings
    image = assemble(opened, layers, settings, family)
    sizes = measure(image, opened, layers)
    check_limits(sizes, settings.budgets)
    lock.save()
    remove_old_layers(store)
    installed = any(layer.name == "packages" for layer in layers)
    wheels = packages.pinned(settings.directory / REQUIREMENTS_FILE) if installed else ()
    return BuiltImage(image, settings, opened, packaged, layers, sizes, wheels, packaged.notes)


def _choose_python(base: Base, settings: ProjectSettings) -> str:
    if settings.runtime == "native":
        return settings.python or RUNNING_PYTHON
    if base.name == SCRATCH:
        raise ImageError(
            "base scratch: it has no Python, which the function needs",
            remedy='Set runtime = "native", or choose a base image with Python.',
        )
    return _check_python(base, settings)


def _check_python(base: Base, settings: ProjectSettings) -> str:
    found = base.python
    major, _, minor = found.partition(".")
    if (int(major), int(minor)) < OLDEST_PYTHON:
        raise ImageError(
            f"base {base.name}: its Python is {found}, expected {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or later",
            remedy="Choose a later base image, such as public.ecr.aws/lambda/python:3.13",
        )
    if settings.python is not None and settings.python != found:
        raise ImageError(
            f'base {base.name}: its Python is {found}, but iris-model.toml has python = "{settings.python}"',
            remedy=f'Choose a base image with Python {settings.python}, or set python = "{found}", or remove the key.',
        )
    return found

"""Build the zip archive of a project: the function directory, and for Python the file that starts our runtime.

A managed runtime would start AWS's own runtime client. It lets a file of the function start instead, which is what the entry
point of an image is: the same runtime, with the same answers and the same logs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from iris_model.contract.native_function import BOOTSTRAP_FILE
from iris_model.contract.zip_package import LARGEST_UNZIPPED_BYTES, LARGEST_UPLOAD_BYTES, NATIVE_RUNTIME, WRAPPER_FILE
from iris_model.errors import ProjectError
from iris_model.image.archives.managed import managed_runtime
from iris_model.image.archives.writing import write_archive
from iris_model.image.bases.cache import Cache
from iris_model.image.dependencies.packages import TargetPackages
from iris_model.image.lock import Lock
from iris_model.oci.writing import atomic_file
from iris_model.project import PackagedFunction, ProjectSettings, package_project, read_settings
from iris_model.project.caching.user_cache import default_directory
from iris_model.project.compilation.compilations import choose_remembered
from iris_model.project.configuration.features import find_aws_python, find_managed_python
from iris_model.project.disk import disk_errors
from iris_model.project.packaging.executors import Choose
from iris_model.project.packaging.function_directory import list_files
from iris_model.project.packaging.stamp import WORK_DIRECTORY, make_work_directory
from iris_model.project.scaffold import DEFAULT_BASE

OnStep = Callable[[str], None]
_MOST_PARTS = 3

# The managed runtime passes its own command, which begins with its Python.
_WRAPPER = b"""#!/bin/sh
exec "$1" -S /var/task/iris_model/runtime/__main__.py "$_HANDLER"
"""


@dataclass(frozen=True)
class BuiltArchive:
    """The zip archive of a project."""

    data: bytes
    settings: ProjectSettings
    packaged: PackagedFunction
    runtime: str
    """Lambda's runtime: provided.al2023, or python3.13."""

    unzipped_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """sha256:..., the name of the archive in the bucket, and Lambda's CodeSha256 in another form."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


def archive_of(project: Path) -> Path:
    """Return the path where `iris-model build` writes the archive of a project."""
    return project / WORK_DIRECTORY / "function.zip"


def build_archive(
    project: Path,
    *,
    settings: ProjectSettings | None = None,
    architecture: str | None = None,
    update: bool = False,
    cache: Cache | None = None,
    on_step: OnStep = lambda step: None,
    choose: Choose = choose_remembered,
) -> BuiltArchive:
    """Build the archive of a project. `architecture` replaces that of `iris-model.toml`."""
    settings = settings or read_settings(project)
    # A project for images may have another base. Its archive runs on the managed runtime of its Python.
    base = settings.base_image if find_aws_python(settings.base_image) is not None else DEFAULT_BASE
    python = find_managed_python(base, settings.python)
    settings = replace(settings, architecture=architecture or settings.architecture, python=python, base_image=base)
    cache = cache or Cache(default_directory())
    cache.check_writable()
    lock = Lock.read(settings.directory)
    if update:
        lock.forget()
    base_of_packages = managed_runtime(python, settings.architecture, cache, on_step)
    with disk_errors(str(settings.directory)):
        work = make_work_directory(settings.directory)
    packaged = package_project(
        project,
        settings=settings,
        output=work / "functions" / f"zip-python{python}-{settings.architecture}",
        packages=TargetPackages(base_of_packages, python, lock, cache, on_step),
        on_step=on_step,
        choose=choose,
    )
    files = {name: packaged.directory / name for name in list_files(packaged.directory)}
    unzipped = sum(path.stat().st_size for path in files.values()) + len(_WRAPPER)
    check_size(unzipped, files)
    on_step("Writing the archive")
    programs: dict[str, Path | bytes] = {name: path for name, path in files.items() if path.stat().st_mode & 0o111}
    is_native = BOOTSTRAP_FILE in files
    if not is_native:
        programs[WRAPPER_FILE] = _WRAPPER
    data = write_archive(files, programs)
    lock.save()
    notes = packaged.notes
    if len(data) > LARGEST_UPLOAD_BYTES:
        notes += (
            f"the archive has {_show_size(len(data))}, and Lambda accepts at most {_show_size(LARGEST_UPLOAD_BYTES)} in a call "
            "or in the console; iris-model deploy uploads it to a bucket",
        )
    return BuiltArchive(
        data, settings, packaged, NATIVE_RUNTIME if is_native else f"python{python}", unzipped, notes
    )  # fmt: skip


def put_archive(built: BuiltArchive, path: Path) -> bool:
    """Write the archive. Return False if the file already has these bytes."""
    if path.is_file() and path.read_bytes() == built.data:
        return False
    with disk_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(built.data)
    return True


def check_size(unzipped: int, files: dict[str, Path], *, limit: int = LARGEST_UNZIPPED_BYTES) -> None:
    """Refuse an archive that Lambda would refuse, before it is compressed."""
    if unzipped <= limit:
        return
    sizes: dict[str, int] = defaultdict(int)
    for name, path in files.items():
        sizes[name.partition("/")[0]] += path.stat().st_size
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:_MOST_PARTS]
    raise ProjectError(
        f"the archive has {_show_size(unzipped)} unzipped, and Lambda accepts at most {_show_size(limit)}; "
        f"the largest parts are {', '.join(f'{name} ({_show_size(size)})' for name, size in largest)}",
        remedy='Set package-type = "image", for which Lambda accepts 10 GB, or remove packages or files.',
    )


def _show_size(size: int) -> str:
    """Return a size in the unit of Lambda's limits: AWS writes MB and counts MiB."""
    return f"{size / 2**20:.0f} MB"

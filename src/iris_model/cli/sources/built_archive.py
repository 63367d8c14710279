"""The zip archive of a project: build it for a command, and read the last one."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.cli.render.output import OnStep
from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.native_function import BOOTSTRAP_FILE
from iris_model.contract.zip_package import NATIVE_RUNTIME
from iris_model.errors import ProjectError

if TYPE_CHECKING:
    from iris_model.image.archives.build import BuiltArchive

ZIP_SUFFIX = ".zip"


@dataclass(frozen=True)
class LastArchive:
    """The archive of the last `iris-model build`."""

    digest: str
    lambda_runtime: str
    """provided.al2023, or python3.13."""
    architecture: str

    @property
    def runtime(self) -> str:
        """The runtime as in iris-model.toml."""
        return "native" if self.lambda_runtime == NATIVE_RUNTIME else "python"


def build_project_archive(
    project: Path, on_step: OnStep, *, paths: tuple[Path, ...] = (), **options: Any
) -> tuple[BuiltArchive, list[dict[str, Any]]]:
    """Build the archive and write it to `paths`, by default into the project. Return it with what was written."""
    from iris_model.image.archives.build import archive_of, build_archive, put_archive
    from iris_model.image.build import one_build_at_a_time

    with one_build_at_a_time(project, on_step):
        built = build_archive(project, on_step=on_step, **options)
        written = [
            {"kind": "zip", "path": str(path), "unchanged": not put_archive(built, path)}
            for path in paths or (archive_of(project),)
        ]
    return built, written


def find_built_archive(project: Path) -> LastArchive | None:
    """Return the archive of the last `iris-model build`; None without a build."""
    from iris_model.image.archives.build import archive_of

    path = archive_of(project)
    try:
        with zipfile.ZipFile(path) as archive:
            is_native = BOOTSTRAP_FILE in archive.namelist()
            function = json.loads(archive.read(FUNCTION_FILE))
            python, architecture = function["python"], function["architecture"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ProjectError(f"{path} cannot be read: {error}", remedy="Write it again: iris-model build") from None
    return LastArchive(f"sha256:{digest}", NATIVE_RUNTIME if is_native else f"python{python}", architecture)

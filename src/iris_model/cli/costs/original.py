"""Measure the same model with the executor `original`, for comparison.

It is packaged and run in the local Lambda. This needs the model's own library on this machine. If it cannot be
measured, `Beside.problem` gives the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.cli.render.output import progress
from iris_model.errors import CostError, IrisModelError

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.cost import Measurement
    from iris_model.project import PackagedFunction

# Cold starts with a library take a second or more and vary little, so a few suffice.
COLD_STARTS, WARM_INVOCATIONS = 3, 30
TIMEOUT_SECONDS = 60
DIRECTORY = "original"


@dataclass(frozen=True)
class Executed:
    """One executor: its measurement, and its size in the image in bytes, uncompressed."""

    executor: str
    measurement: Measurement
    size_bytes: int | None = None


@dataclass(frozen=True)
class Beside:
    """The measurement of the original executor, or the reason why there is none."""

    measured: Executed | None = None
    original: Executed | None = None
    problem: str = ""

    @property
    def library(self) -> Measurement | None:
        """The measurement with the model's own library: an additional one, or that of the function itself."""
        if self.original is not None:
            return self.original.measurement
        if self.measured is not None and self.measured.executor != "compiled":
            return self.measured.measurement
        return None

    def original_image_gb(self, image_gb: Decimal | None) -> Decimal | None:
        """Return an upper bound for its image size in ECR, in GB. `image_gb`: the size of the other image. The
        difference is uncompressed.
        """
        sizes = [each.size_bytes if each else None for each in (self.measured, self.original)]
        if image_gb is None or sizes[0] is None or sizes[1] is None:
            return None
        return image_gb + Decimal(sizes[1] - sizes[0]) / 1_000_000_000


def measure_beside(project: Path, measurement: Measurement, *, asked: bool | None, is_measured_here: bool) -> Beside:
    """Measure the original, to compare it with `measurement`. Raises `CostError` if it was requested and is not possible."""
    if asked is False:
        return Beside()
    if asked is None and not is_measured_here:
        return Beside(problem="add --original to measure it on this machine, in the project directory")
    with progress() as on_step:
        beside = _measure_beside(project, measurement, on_step)
    if asked and beside.original is None:
        raise CostError(
            f"--original: the executor `original` cannot be measured: {beside.problem}",
            remedy="Run the command without --original.",
        )
    return beside


def _measure_beside(project: Path, measurement: Measurement, on_step: OnStep) -> Beside:
    from iris_model.project import SETTINGS_FILE, package_project

    if not (project / SETTINGS_FILE).exists():
        return Beside(problem=f"{project} is not a project with a model, so there is no original")
    try:
        packaged = package_project(project, on_step=on_step)
        measured = Executed(packaged.executor, measurement, _size_bytes(packaged))
        if packaged.executor == "original":
            return Beside(measured, problem="it is the one that was measured")
        if packaged.executor == "onnxruntime":
            return Beside(measured, problem="an ONNX file has none; onnxruntime was measured")
        return Beside(measured, _measure_original(project, on_step))
    except IrisModelError as error:
        return Beside(problem=error.problem.splitlines()[0])


def _measure_original(project: Path, on_step: OnStep) -> Executed:
    from iris_model.cli.tuning.measuring import hold_to_share, measure_function
    from iris_model.cost import summarize_reports
    from iris_model.local import read_function_directory
    from iris_model.project import package_project, read_settings
    from iris_model.project.packaging.package import MEMORY_OF_ORIGINAL_MB
    from iris_model.project.packaging.stamp import WORK_DIRECTORY

    settings = read_settings(project)
    packaged = package_project(
        project,
        output=settings.directory / WORK_DIRECTORY / DIRECTORY,
        executor="original",
        # The budgets, timeout and runtime of the deployed function do not apply here.
        settings=replace(
            settings,
            memory=max(settings.memory, MEMORY_OF_ORIGINAL_MB),
            timeout=max(settings.timeout, TIMEOUT_SECONDS),
            runtime="python",
            budgets=replace(settings.budgets, function_directory_kib=None),
        ),
        on_step=lambda step: on_step(f"Original executor. {step}"),
    )
    reports = measure_function(
        hold_to_share(read_function_directory(packaged.directory)),
        lambda step: on_step(f"Original executor. {step}"),
        cold_starts=COLD_STARTS,
        warm=WARM_INVOCATIONS,
    )
    return Executed("original", summarize_reports(reports), _size_bytes(packaged))


def _size_bytes(packaged: PackagedFunction) -> int | None:
    """Return the size in bytes of the function directory and its installed packages; None if a package is not installed."""
    from iris_model.project.packaging.executors import installed_size_mb

    if packaged.executor == "original" and not packaged.needs:
        return None  # a model of an unknown library
    sizes = [installed_size_mb(name) for name in packaged.needs]
    return None if 0 in sizes else packaged.size_bytes + sum(sizes) * 1_000_000

"""The same model on the `original` executor, beside what was measured: packaged, run in the local Lambda, and compared.

It needs the model's own library on this machine, as training does. Where it cannot be measured, `Beside.problem` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.cli.output import progress
from iris_model.errors import CostError, IrisModelError

if TYPE_CHECKING:
    from iris_model.cli.output import OnStep
    from iris_model.cost import Measurement
    from iris_model.project import PackagedFunction

# A cold start of a library takes a second or more, and they differ little.
COLD_STARTS, WARM_INVOCATIONS = 3, 30
TIMEOUT_SECONDS = 60
DIRECTORY = "original"


@dataclass(frozen=True)
class Executed:
    """One executor: what it was measured to need, and how many bytes of the image are its own, unpacked."""

    executor: str
    measurement: Measurement
    size_bytes: int | None = None


@dataclass(frozen=True)
class Beside:
    """The original executor, or why there is none to show."""

    measured: Executed | None = None
    original: Executed | None = None
    problem: str = ""

    def original_image_gb(self, image_gb: float | None) -> Decimal | None:
        """The size in ECR of its image, where the other one has `image_gb`: counted unpacked, so it is at most that."""
        sizes = [each.size_bytes if each else None for each in (self.measured, self.original)]
        if image_gb is None or sizes[0] is None or sizes[1] is None:
            return None
        return Decimal(str(image_gb)) + Decimal(sizes[1] - sizes[0]) / 1_000_000_000


def measure_beside(project: Path, measurement: Measurement, *, asked: bool | None, is_measured_here: bool) -> Beside:
    """Compare with `measurement`, which is that of the project as it is; `CostError` if it was asked for in vain."""
    if asked is False:
        return Beside()
    if asked is None and not is_measured_here:
        return Beside(problem="--original does so here, with the project")
    with progress() as on_step:
        beside = _measure_beside(project, measurement, on_step)
    if asked and beside.original is None:
        raise CostError(
            f"--original: the original executor cannot be measured: {beside.problem}.",
            remedy="Leave --original out, to see the costs without it.",
        )
    return beside


def _measure_beside(project: Path, measurement: Measurement, on_step: OnStep) -> Beside:
    from iris_model.project import SETTINGS_FILE, package_project

    if not (project / SETTINGS_FILE).exists():
        return Beside(problem=f"{project} is no project with a model to take the original from")
    try:
        packaged = package_project(project, on_step=on_step)
        measured = Executed(packaged.executor, measurement, _size_bytes(packaged))
        if packaged.executor == "original":
            return Beside(measured, problem="it is what was measured")
        if packaged.executor == "onnxruntime":
            return Beside(measured, problem="an ONNX file has none; onnxruntime is what was measured")
        return Beside(measured, _measure_original(project, on_step))
    except IrisModelError as error:
        return Beside(problem=error.problem.splitlines()[0])


def _measure_original(project: Path, on_step: OnStep) -> Executed:
    from iris_model.cli.measuring import hold_to_share, measure_function
    from iris_model.cost import summarize_reports
    from iris_model.local import read_function_directory
    from iris_model.project import package_project, read_settings
    from iris_model.project.package import MEMORY_OF_ORIGINAL_MB
    from iris_model.project.stamp import WORK_DIRECTORY

    settings = read_settings(project)
    packaged = package_project(
        project,
        output=settings.directory / WORK_DIRECTORY / DIRECTORY,
        executor="original",
        # Budgets, and the time it may take, are those of what is deployed.
        settings=replace(
            settings,
            memory=max(settings.memory, MEMORY_OF_ORIGINAL_MB),
            timeout=max(settings.timeout, TIMEOUT_SECONDS),
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
    """The function directory and the packages it needs, as they are installed here; None where one is not."""
    from iris_model.project.executors import installed_size_mb

    if packaged.executor == "original" and not packaged.needs:
        return None  # a model of no library that we know
    sizes = [installed_size_mb(name) for name in packaged.needs]
    return None if 0 in sizes else packaged.size_bytes + sum(sizes) * 1_000_000

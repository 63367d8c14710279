"""Read what is billed in addition to compute: the project's settings and the image size."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iris_model.cost import Surroundings
    from iris_model.project.configuration.settings import ProjectSettings

# The compressed size of AWS's Python base image, to one digit. The function's own layers are a thousandth of it.
ASSUMED_IMAGE_GB = 0.2


@dataclass(frozen=True)
class FoundSurroundings:
    """What is billed in addition to compute, with notes."""

    surroundings: Surroundings
    notes: tuple[str, ...] = ()


def find_surroundings(
    project: Path, settings: ProjectSettings | None, *, image_gb: float | None, payload_kb: float
) -> FoundSurroundings:
    """Return what the settings of the project cause, or the defaults without a project."""
    from iris_model.cost import Surroundings
    from iris_model.project.configuration.schedule import Firings, find_firings

    notes: tuple[str, ...] = ()
    # A zip archive is not in ECR, and its storage in S3 is below a cent a month.
    is_stored = image_gb is not None or settings is None or not settings.deployment.is_zip
    if is_stored and image_gb is None:
        image_gb = _size_of_build(project)
    if is_stored and image_gb is None:
        image_gb = ASSUMED_IMAGE_GB
        notes = (
            f"image in ECR: {ASSUMED_IMAGE_GB} GB is assumed, because there is no build; run iris-model build, or use --image-gb",
        )
    found = Surroundings(
        image_gb=None if image_gb is None else Decimal(str(image_gb)), payload_kb=Decimal(str(payload_kb))
    )
    if settings is None:
        return FoundSurroundings(found, notes)
    deployment = settings.deployment
    firings = find_firings(deployment.keep_warm) if deployment.keep_warm else Firings(0, ())
    capture_metrics = (
        1 + _count_metrics_of_columns(project, deployment.capture.without) if deployment.capture.rate else 1
    )
    if deployment.capture.rate:
        notes += (
            f"captured rows: one row per request, as long as the payload; {capture_metrics} "
            f"{'metric is' if capture_metrics == 1 else 'metrics are'} counted, as if each hour had missing "
            "and out-of-range values in each column; hours without such values are not billed",
        )
    return FoundSurroundings(
        Surroundings(
            log_lines="errors" if deployment.log_lines == "errors" else deployment.log_format,
            log_retention_days=deployment.log_retention_days,
            alarms=int(deployment.error_alarm),
            dashboards=int(deployment.dashboard),
            snapshots=deployment.keep_versions if deployment.snapstart else 0,
            provisioned=deployment.provisioned_concurrency or 1,
            payload_kb=found.payload_kb,
            image_gb=found.image_gb,
            access_log=deployment.access_log,
            tracing=deployment.tracing,
            capture_rate=Decimal(str(deployment.capture.rate)),
            capture_metrics=capture_metrics,
            pings_per_month=Decimal(str(firings.per_month)),
            pings=firings.week,
        ),
        notes,
    )


def _count_metrics_of_columns(project: Path, without: Collection[str]) -> int:
    """Return the number of metrics of all columns: of each, up to one for missing and one for out-of-range values; 0
    before `package`.
    """
    from iris_model.local.browser.model import read_model
    from iris_model.project.packaging.stamp import WORK_DIRECTORY

    found = read_model(project / WORK_DIRECTORY / "function")
    columns = [each for each in found["columns"] if each["name"] not in without] if found else []
    return sum(bool(each.get("missing")) + ("minimum" in each) for each in columns)


def _size_of_build(project: Path) -> float | None:
    """Return the compressed size of the image that `iris-model build` wrote last, as billed by ECR; None without a build."""
    from iris_model.errors import IrisModelError
    from iris_model.image.build import layout_of
    from iris_model.oci import read_layout

    layout = layout_of(project)
    if not (layout / "index.json").exists():
        return None
    try:
        return read_layout(layout).size / 1_000_000_000
    except (IrisModelError, OSError):
        return None

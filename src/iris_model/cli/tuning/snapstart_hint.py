"""A hint about SnapStart in `tune` and `cost`, for functions whose cold start a snapshot would shorten."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.contract.function_file import FUNCTION_FILE

if TYPE_CHECKING:
    from iris_model.project.configuration.settings import ProjectSettings

HELPED = "original"


def read_executor(directory: Path) -> str | None:
    """Return the executor in `function.json`; None if there is no such file."""
    try:
        found = json.loads((directory / FUNCTION_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return found.get("executor") if isinstance(found, dict) else None


def find_hint(
    settings: ProjectSettings | None, executor: str | None, price: Callable[[int], Decimal | None] | None = None
) -> str:
    """Return a hint, with the settings to change, if the model's library is imported at each cold start and SnapStart is
    off; else "".

    `price` returns the dollars per month for the snapshots of a number of versions.
    """
    from iris_model.project.configuration.features import OLDEST_PYTHON_OF_SNAPSTART, find_aws_python

    if executor != HELPED or settings is None:
        return ""
    deployment, python = settings.deployment, find_aws_python(settings.base_image)
    against = [
        *(["without provisioned-concurrency"] if deployment.provisioned_concurrency is not None else []),
        *(["with ephemeral-storage = 512"] if deployment.ephemeral_storage > 512 else []),
        *(["on Python 3.12 or later"] if python is not None and python < OLDEST_PYTHON_OF_SNAPSTART else []),
    ]
    if deployment.snapstart:
        return ""
    only = f", {' and '.join(against)}" if against else ""
    usd = price(deployment.keep_versions) if price is not None else None
    amount = f": ${usd:,.2f} a month for {deployment.keep_versions} versions" if usd is not None else ""
    return (
        f"snapstart = true{only}: a cold start of the original executor is mostly the import of its library, and SnapStart "
        "restores a snapshot in its place. The snapshot of each kept version (keep-versions) is billed, and so is each "
        f"restore{amount}. The local Lambda has no snapshots, so this time is not measured"
    )


def find_note(settings: ProjectSettings | None) -> str:
    """Return what a measurement without snapshots leaves out of a function with SnapStart, or nothing."""
    if settings is None or not settings.deployment.snapstart:
        return ""
    return (
        "snapstart = true: cold starts are measured without a snapshot. On AWS, a published version starts from its "
        "snapshot instead of the init, with another duration and at another price"
    )

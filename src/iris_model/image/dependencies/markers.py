"""Environment markers (`numpy; python_version < "3.13"`), which decide whether the target needs a dependency.

pip evaluates markers for the Python that runs it, even when it downloads for another one, so dependencies of the target
would be missing. This module evaluates them again with the target's variables, with pip's library `packaging`.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import UndefinedComparison

from iris_model.contract.architecture import Architecture
from iris_model.image.target import Target
from iris_model.project.dependencies.requirement_lines import parse_requirement


def environment_of(target: Target) -> dict[str, str]:
    """Return the variables of markers for a target."""
    return {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": Architecture(target.architecture).machine,
        "platform_release": "",
        "platform_version": "",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def needed_on(requirement: str, target: Target, extras: Iterable[str] = ()) -> str | None:
    """Return the requirement without its marker if the target needs it, else None.

    `extras`: the target needs a requirement if its marker is true without an extra or with one of these. A requirement
    that cannot be parsed is needed.
    """
    parsed = parse_requirement(requirement)
    if parsed is None:
        return requirement.partition(";")[0].strip()
    marker, parsed.marker = parsed.marker, None
    environment = environment_of(target)
    try:
        needed = marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
    except UndefinedComparison:
        needed = True
    return str(parsed) if needed else None

"""Compare the imports of a function with `requirements.txt`, and find the missing lines.

Distributions and exact versions come from the packages installed here (importlib.metadata). A module is reported only
if certainly no line provides it: a line for another system, for a package that is not installed here, or with a path or
URL may provide any module.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from iris_model.errors import ProjectError
from iris_model.project.dependencies.requirement_lines import OPTION, parse_requirement, read_requirements

# Packages of the Lambda base images, in addition to boto3, which `sources` knows.
ON_THE_BASE = frozenset({"awslambdaric", "dateutil", "jmespath", "s3transfer", "six", "snapshot_restore_py", "urllib3"})


@dataclass(frozen=True)
class Lacking:
    """A module that no line provides, and the lines that would. Without lines, it is not installed here either."""

    module: str
    lines: tuple[str, ...]


def lines_for(modules: Iterable[str]) -> list[str]:
    """Return `name==version` for every distribution with one of the modules, except for local distributions."""
    from importlib import metadata

    from iris_model.installed import is_local, packages_distributions

    installed = packages_distributions()
    found = {name for module in modules for name in installed.get(module, ()) if not is_local(name)}
    return sorted((f"{name}=={metadata.version(name)}" for name in found), key=str.lower)


def find_lacking(modules: Iterable[str], requirements: Path) -> list[Lacking]:
    """Return the modules that certainly no line of the file provides."""
    modules = sorted(set(modules) - ON_THE_BASE)
    if not modules:
        return []
    from iris_model.installed import packages_distributions

    brought, every_line_is_known = _read(requirements)
    installed = packages_distributions()
    lacking = []
    for module in modules:
        distributions = {canonicalize_name(name) for name in installed.get(module, ())}
        if brought & (distributions | {canonicalize_name(module)}):
            continue
        if every_line_is_known or distributions:
            lacking.append(Lacking(module, tuple(lines_for([module]))))
    return lacking


def check_imports(modules: Iterable[str], requirements: Path) -> None:
    """Refuse imports that would fail in the function, and name the missing lines."""
    lacking = find_lacking(modules, requirements)
    if not lacking:
        return
    names = ", ".join(each.module for each in lacking)
    verb = "is" if len(lacking) == 1 else "are"
    lines = [line for each in lacking for line in each.lines]
    unknown = [each.module for each in lacking if not each.lines]
    remedies = [f"Add to {requirements.name}: {', '.join(lines)}"] if lines else []
    if unknown:
        remedies.append(
            f"No installed package provides {', '.join(unknown)}: put the module into the project, or add the "
            f"line of its package to {requirements.name}"
        )
    raise ProjectError(
        f"the function imports {names}, which {verb} neither in {requirements.name} nor in the project nor in Python itself",
        remedy=". ".join(remedies),
    )


def _read(requirements: Path) -> tuple[set[str], bool]:
    """Return the names of all distributions that the lines install, and whether the list is complete."""
    from importlib import metadata

    from iris_model.installed import requirements_of

    if not requirements.is_file():
        return set(), True
    waiting: list[Requirement] = []
    complete = True
    for line in read_requirements(requirements).lines:
        if line.kind != "requirement":
            complete = complete and line.kind == OPTION and not line.text.startswith(("-r", "--requirement"))
        elif line.address or not (found := parse_requirement(line.plain)):
            complete = False
        else:
            waiting.append(found)
    brought: set[str] = set()
    while waiting:
        asked = waiting.pop()
        if canonicalize_name(asked.name) in brought:
            continue
        brought.add(canonicalize_name(asked.name))
        try:
            needed = requirements_of(asked.name)
        except metadata.PackageNotFoundError:
            complete = False
            continue
        # Other markers count as true, because a package that may be installed is not certainly missing.
        found_in_turn = filter(None, map(parse_requirement, needed))
        waiting += [each for each in found_in_turn if asked.extras or "extra ==" not in str(each.marker)]
    return brought, complete

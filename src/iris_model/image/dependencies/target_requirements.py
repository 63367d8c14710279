"""Create pip's input for a target: the lines of `requirements.txt`, with markers evaluated for the target.

Writes two files for pip, requirements and constraints, without markers. Raises an error for lines that need a build
from source, which would run code on this machine and may give no result for the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from iris_model.errors import ImageError
from iris_model.image.dependencies.markers import needed_on
from iris_model.image.target import Target
from iris_model.project.dependencies.pip_runs import hide_user
from iris_model.project.dependencies.requirement_lines import (
    CONSTRAINT,
    OPTION,
    REQUIREMENT,
    RequirementLine,
    Requirements,
)

_FROM_SOURCE = re.compile(r"--no-binary(?:\s*=\s*|\s+)(\S+)")
_MARKER = re.compile(r"\s+;")  # in a URL, a semicolon starts a marker only after white space


@dataclass(frozen=True)
class TargetRequirements:
    """The lines that apply to a target."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[str, ...]
    """The options for indexes, such as `--extra-index-url`."""

    def write(self, directory: Path, more: Iterable[str] = ()) -> list[str]:
        """Write the files. Return pip's arguments."""
        arguments = _file("--requirement", directory / "requirements.txt", [*self.options, *self.requirements, *more])
        return arguments + _file("--constraint", directory / "constraints.txt", self.constraints)

    def write_pins(self, directory: Path, lines: Iterable[str]) -> list[str]:
        """Write these lines instead of the requirements, for the same indexes. Return pip's arguments."""
        return _file("--requirement", directory / "pins.txt", [*self.options, *lines])


def requirements_for(found: Requirements, target: Target) -> TargetRequirements:
    """Evaluate every line. Raises one error with all lines that need a build from source."""
    problems = [problem for line in found.lines if (problem := _from_source(line, target))]
    if problems:
        raise ImageError(
            "packages are never built from source, but these lines require it:\n"
            + "\n".join(f"  - {hide_user(problem)}" for problem in problems),
            remedy="Build a wheel with `pip wheel --no-deps ./mypackage -w wheels`, and use the line "
            "./wheels/mypackage-1.0-py3-none-any.whl. For a single module, use include in iris-model.toml.",
        )
    lines: dict[str, list[str]] = {REQUIREMENT: [], CONSTRAINT: [], OPTION: []}
    for line in found.lines:
        text = line.text if line.kind == OPTION else _judged(line, target)
        if text is not None:
            _check_is_there(line, found)
            lines[line.kind].append(text)
    return TargetRequirements(*(tuple(lines[kind]) for kind in (REQUIREMENT, CONSTRAINT, OPTION)))


def direct_lines(found: Requirements, target: Target) -> dict[str, RequirementLine]:
    """Return the wheels with a path or a URL: file name -> line. Indexes lack them or have other files of that name."""
    return {
        line.file_name: line
        for line in found.lines
        if line.kind == REQUIREMENT and line.address and _judged(line, target) is not None
    }


def pin_of(line: RequirementLine, sha256: str) -> str:
    """Return the line that requires exactly the file with this digest."""
    return f"{_MARKER.split(line.plain)[0].strip()} --hash=sha256:{sha256}"


def _judged(line: RequirementLine, target: Target) -> str | None:
    """Return the line without its marker, or None if the target does not need it."""
    if not line.address:
        needed = needed_on(line.plain, target)
        return f"{needed}{line.options}" if needed is not None else None
    plain, *marker = _MARKER.split(line.plain, maxsplit=1)
    if marker and needed_on(f"it; {marker[0]}", target) is None:
        return None
    return f"{plain.strip()}{line.options}"


def _from_source(line: RequirementLine, target: Target) -> str:
    """Return why a line needs a build from source, or ""."""
    if line.kind == OPTION:
        asked = _FROM_SOURCE.search(line.text)
        return f"{line.place}: {line.text}" if asked and asked[1] != ":none:" else ""
    if line.is_editable:
        return f"{line.place}: {line.text}"
    if line.kind == CONSTRAINT or not line.address or _judged(line, target) is None:
        return ""
    return "" if line.file_name.lower().endswith(".whl") else f"{line.place}: {line.plain}"


def _check_is_there(line: RequirementLine, found: Requirements) -> None:
    if line.is_on_disk and found.local_path(line) is None:
        raise ImageError(
            f"{line.place}: {line.plain}: there is no such file; paths are relative to {found.path.parent}",
            remedy="Correct the path, or put the wheel there.",
        )


def _file(option: str, path: Path, lines: Iterable[str]) -> list[str]:
    text = "".join(f"{line}\n" for line in lines)
    if not text:
        return []
    path.write_text(text, encoding="utf-8-sig")  # with a byte order mark, so that pip ignores the locale
    return [option, str(path)]

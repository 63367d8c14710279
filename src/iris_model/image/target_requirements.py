"""What pip is asked for a target: the lines of `requirements.txt`, judged for the target and not for this machine.

Goes in: the lines as they were read, and a target. Comes out: two files for pip, requirements and constraints, in which no marker
is left; or an error for a line that only a build from source could satisfy, which would run that source here and leave nothing
that is known to run there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from iris_model.errors import ImageError
from iris_model.image.markers import needed_on
from iris_model.image.target import Target
from iris_model.project.requirement_lines import CONSTRAINT, OPTION, REQUIREMENT, RequirementLine, Requirements

_FROM_SOURCE = re.compile(r"--no-binary(?:\s*=\s*|\s+)(\S+)")
_MARKER = re.compile(r"\s+;")  # in a URL, a semicolon begins a marker only after a blank


@dataclass(frozen=True)
class TargetRequirements:
    """The lines that count on a target."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    options: tuple[str, ...]
    """Where to look, as `--extra-index-url`."""

    def write(self, directory: Path, more: Iterable[str] = ()) -> list[str]:
        """The files, as arguments of pip."""
        arguments = _file("--requirement", directory / "requirements.txt", [*self.options, *self.requirements, *more])
        return arguments + _file("--constraint", directory / "constraints.txt", self.constraints)

    def write_pins(self, directory: Path, lines: Iterable[str]) -> list[str]:
        """Lines in place of the requirements, looked for in the same places."""
        return _file("--requirement", directory / "pins.txt", [*self.options, *lines])


def requirements_for(found: Requirements, target: Target) -> TargetRequirements:
    """Judge every line. All that cannot be had without building is in one error."""
    problems = [problem for line in found.lines if (problem := _from_source(line, target))]
    if problems:
        raise ImageError(
            "packages are never built from source, and that is what these lines ask for:\n"
            + "\n".join(f"  - {problem}" for problem in problems),
            remedy="Build a wheel of it yourself, and name that file: pip wheel --no-deps ./mypackage -w wheels, then "
            "./wheels/mypackage-1.0-py3-none-any.whl. A module of your own needs no package: name it in include.",
        )
    lines: dict[str, list[str]] = {REQUIREMENT: [], CONSTRAINT: [], OPTION: []}
    for line in found.lines:
        text = line.text if line.kind == OPTION else _judged(line, target)
        if text is not None:
            _check_is_there(line, found)
            lines[line.kind].append(text)
    return TargetRequirements(*(tuple(lines[kind]) for kind in (REQUIREMENT, CONSTRAINT, OPTION)))


def direct_lines(found: Requirements, target: Target) -> dict[str, RequirementLine]:
    """The wheels that are named by a path or a URL: file name -> line. No index has them, or has others of that name."""
    return {
        line.file_name: line
        for line in found.lines
        if line.kind == REQUIREMENT and line.address and _judged(line, target) is not None
    }


def pin_of(line: RequirementLine, sha256: str) -> str:
    """The line for exactly that file."""
    return f"{_MARKER.split(line.plain)[0].strip()} --hash=sha256:{sha256}"


def _judged(line: RequirementLine, target: Target) -> str | None:
    """The line without its marker, None where the target does not need it."""
    if not line.address:
        needed = needed_on(line.plain, target)
        return f"{needed}{line.options}" if needed is not None else None
    plain, *marker = _MARKER.split(line.plain, maxsplit=1)
    if marker and needed_on(f"it; {marker[0]}", target) is None:
        return None
    return f"{plain.strip()}{line.options}"


def _from_source(line: RequirementLine, target: Target) -> str:
    """Why a line cannot be had as a wheel; empty where it can."""
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
            f"{line.place}: {line.plain}: there is no such file; paths are looked for from {found.path.parent}",
            remedy="Mend the path, or put the wheel there.",
        )


def _file(option: str, path: Path, lines: Iterable[str]) -> list[str]:
    text = "".join(f"{line}\n" for line in lines)
    if not text:
        return []
    path.write_text(text, encoding="utf-8-sig")  # with a mark pip reads it so, whatever the locale
    return [option, str(path)]

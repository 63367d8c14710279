"""Install `requirements.txt` for the target into the function directory.

pip selects and downloads wheels for the target's Python, architecture and C library; nothing is built from source, and
nothing depends on this machine's Python. The lock pins the selection and the cache keeps the wheels, so that the next
build needs no network.

uv was tried in pip's place. It reads markers for the target in one call, but its resolution alone takes 0.8 to 1.3 times
the time in which pip selects and downloads the same eleven wheels. It cannot download wheels without installing them,
refuses its own `pylock.toml` if this machine has another Python than the target, and ignores the indexes of pip.conf.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from packaging.utils import canonicalize_name

from iris_model.errors import ImageError
from iris_model.image.bases.base import Base, OnStep
from iris_model.image.bases.cache import Cache
from iris_model.image.bases.libraries import check_extensions, read_extensions
from iris_model.image.dependencies.markers import needed_on
from iris_model.image.dependencies.target_requirements import (
    TargetRequirements,
    direct_lines,
    pin_of,
    requirements_for,
)
from iris_model.image.dependencies.wheels import Wheel, open_wheel, unpack_wheels
from iris_model.image.lock import Lock, LockedWheel
from iris_model.image.target import Target
from iris_model.project.dependencies.pip_runs import run_pip
from iris_model.project.dependencies.requirement_lines import (
    Requirements,
    digest_requirements,
    parse_requirement,
    read_requirements,
)
from iris_model.project.dependencies.requirements import NO_PIP, REQUIREMENTS_FILE, is_without_pip

_PIP_SECONDS = 1800
_MOST_ROUNDS = 8
_OF_SCRATCH = re.compile(r" \(from (?:-[rc]|line \d+ of) [^()]*(?:\(line \d+\))?\)")
_WITHOUT_WHEEL = re.compile(r"No matching distribution found for (\S+)")


class TargetPackages:
    """Installs packages for a base without running the base. A `project.package.PackageSource`."""

    def __init__(self, base: Base, python: str, lock: Lock, cache: Cache, on_step: OnStep = lambda step: None) -> None:
        self._base = base
        self._python = python
        self._lock = lock
        self._cache = cache
        self._on_step = on_step

    @property
    def identity(self) -> str:
        """The inputs that determine the installed files: base, requirements.txt with its included files, lock."""
        return f"{self._base.image.digest} {self._python} {self._asked} {self._lock.identity(self._key)}"

    @cached_property
    def _asked(self) -> str:
        """The digest of the requirements at the start of the build. The next build uses later changes."""
        return digest_requirements(self._lock.path.parent / REQUIREMENTS_FILE)

    @property
    def _key(self) -> str:
        facts = self._base.known_facts  # `facts` would download a base that may not be needed
        return str(Target(self._python, self._base.architecture, facts.libc)) if facts else ""

    def pinned(self, requirements: Path) -> tuple[LockedWheel, ...]:
        """Return the wheels that were installed."""
        return self._lock.wheels(self._key, read_requirements(requirements).digest) or ()

    def install(self, directory: Path, requirements: Path) -> None:
        """Select, download, check and unpack the wheels."""
        target = Target(self._python, self._base.architecture, self._base.facts.libc)
        wheels = self._wheels(requirements, target)
        self._on_step(f"Unpacking {len(wheels)} packages")
        owners = unpack_wheels(wheels, directory)
        check_extensions(read_extensions(directory, owners), self._base.facts, self._base.name, target.architecture)

    def _wheels(self, requirements: Path, target: Target) -> list[Wheel]:
        found = read_requirements(requirements)
        locked = self._lock.wheels(self._key, found.digest)
        if locked is not None:
            return self._bring(locked, found, target)
        asked = requirements_for(found, target)
        self._on_step(f"Choosing packages for {target}")
        with tempfile.TemporaryDirectory() as scratch:
            chosen = self._choose(asked, requirements, target, Path(scratch))
            wheels = [open_wheel(self._cache.keep_wheel(wheel.path, wheel.sha256)) for wheel in chosen]
        pinned = [LockedWheel(wheel.name, wheel.version, wheel.file, wheel.sha256) for wheel in wheels]
        self._lock.pin_wheels(self._key, found.digest, pinned)
        return wheels

    def _choose(self, asked: TargetRequirements, requirements: Path, target: Target, scratch: Path) -> list[Wheel]:
        more: list[str] = []
        for number in range(_MOST_ROUNDS):
            directory = scratch / str(number)
            directory.mkdir()
            _download(asked.write(scratch, more), target, directory, requirements)
            wheels = _only_wheels(directory)
            missing = missing_dependencies(wheels, target, asked.requirements)
            if not missing:
                return wheels
            more += missing
        raise ImageError(
            f"{requirements}: the environment markers of these packages depend on each other: {', '.join(more)}",
            remedy="Add all of them to requirements.txt, with their versions.",
        )

    def _bring(self, locked: Sequence[LockedWheel], found: Requirements, target: Target) -> list[Wheel]:
        """Return the pinned wheels: from the cache, from their path or URL in requirements.txt, or from an index."""
        missing = [each for each in locked if self._cache.wheel(each.sha256, each.file) is None]
        if missing:
            self._on_step(f"Downloading {len(missing)} packages")
            named, pins = direct_lines(found, target), []
            with tempfile.TemporaryDirectory() as text:
                scratch, directory = Path(text), Path(text) / "wheels"
                directory.mkdir()
                for each in missing:
                    line = named.get(each.file)
                    if line is not None and (path := found.local_path(line)):
                        shutil.copy(path, directory / each.file)
                    elif line is not None:
                        pins.append(pin_of(line, each.sha256))
                    else:
                        pins.append(f"{each.name}=={each.version} --hash=sha256:{each.sha256}")
                if pins:
                    arguments = requirements_for(found, target).write_pins(scratch, pins)
                    _download(["--no-deps", "--require-hashes", *arguments], target, directory, found.path)
                for each in missing:
                    self._cache.keep_wheel(directory / each.file, each.sha256)
        return [open_wheel(self._cached(each)) for each in locked]

    def _cached(self, wheel: LockedWheel) -> Path:
        path = self._cache.wheel(wheel.sha256, wheel.file)
        if path is None:
            raise ImageError(f"{wheel.file}: it is no longer in the cache", remedy="Build again.")
        return path


def _only_wheels(directory: Path) -> list[Wheel]:
    others = sorted(path.name for path in directory.iterdir() if path.suffix != ".whl")
    if others:
        raise ImageError(
            f"pip brought {', '.join(others)}, which is not a wheel, and packages are never built from source",
            remedy="Choose a version in requirements.txt that has a wheel.",
        )
    return [open_wheel(path) for path in sorted(directory.glob("*.whl"))]


def missing_dependencies(wheels: Sequence[Wheel], target: Target, asked: Iterable[str] = ()) -> list[str]:
    """Return the target's requirements that pip omitted because it evaluated markers for its own Python.

    `asked`: the user's requirements, which may have extras.
    """
    extras: dict[str, set[str]] = {}
    needed = list(asked)
    # An extra of one package may require an extra of another one: repeat until there are no new extras.
    while sum(_add_extras(extras, line) for line in needed):
        needed = [plain for wheel in wheels for plain in _needed(wheel, target, extras)]
    there = {wheel.name for wheel in wheels}
    missing: dict[str, str] = {}
    for wheel in wheels:
        for plain in _needed(wheel, target, extras):
            requirement = parse_requirement(plain)
            if requirement and (name := canonicalize_name(requirement.name)) not in there:
                missing.setdefault(name, plain)
    return sorted(missing.values())


def _needed(wheel: Wheel, target: Target, extras: dict[str, set[str]]) -> list[str]:
    found = (needed_on(line, target, extras.get(wheel.name, ())) for line in wheel.requires)
    return [plain for plain in found if plain]


def _add_extras(extras: dict[str, set[str]], line: str) -> bool:
    """Add the extras of a requirement. Return whether any is new."""
    requirement = parse_requirement(line)
    if requirement is None or not requirement.extras:
        return False
    known = extras.setdefault(canonicalize_name(requirement.name), set())
    before = len(known)
    known.update(canonicalize_name(extra) for extra in requirement.extras)
    return len(known) > before


def _download(arguments: Sequence[str], target: Target, directory: Path, requirements: Path) -> None:
    download = ["download", "--no-input", "--only-binary", ":all:", "--implementation", "cp"]
    download += ["--python-version", target.python, "--abi", target.abi]
    download += [part for tag in target.platform_tags for part in ("--platform", tag)]
    download += ["--dest", str(directory), *arguments]
    try:
        # Paths in requirements.txt are relative to the project.
        finished, failure = run_pip(download, requirements.parent.resolve(), timeout=_PIP_SECONDS)
    except subprocess.TimeoutExpired:
        raise ImageError(
            f"pip did not finish within {_PIP_SECONDS} s", remedy="Check the network, and build again."
        ) from None
    if finished.returncode == 0:
        return
    if failure is not None:
        raise ImageError(failure[0], remedy=failure[1])
    said = _OF_SCRATCH.sub(f" (from {requirements.name})", finished.stderr.strip())
    without = _WITHOUT_WHEEL.search(said)
    if without:
        raise ImageError(
            f"no wheel of {without[1]} for {target}, and packages are never built from source",
            remedy="Choose a version that has one, or a base image with a newer C library (--base). Accepted tags "
            f"begin with {', '.join(target.platform_tags[:2])}.\n{_last(said)}",
        )
    remedy = NO_PIP if is_without_pip(said) else "Fix what pip reports."
    raise ImageError(f"pip could not download the packages for {target}:\n{_last(said)}", remedy=remedy)


def _last(text: str) -> str:
    """Return the end of pip's output."""
    lines = [line for line in text.splitlines() if not line.startswith("WARNING")]
    return "\n".join(lines[-12:])

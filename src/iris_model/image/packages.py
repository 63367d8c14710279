"""Third-party packages for the target: `requirements.txt` in, files in the function directory out.

pip chooses and downloads wheels for the target's Python, processor and C library; nothing is built from source, nothing of this
machine's Python gets in. The choice is pinned in the lock, the wheels are kept in the cache: the next build asks nobody.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iris_model.errors import ImageError
from iris_model.image.base import Base, OnStep
from iris_model.image.cache import Cache
from iris_model.image.libraries import check_extensions, read_extensions
from iris_model.image.lock import Lock, LockedWheel
from iris_model.image.markers import needed_on
from iris_model.image.target import Target
from iris_model.image.wheels import Wheel, normalized, open_wheel, unpack_wheels

_PIP_SECONDS = 1800
_MOST_ROUNDS = 8
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_WITHOUT_WHEEL = re.compile(r"No matching distribution found for (\S+)")


class TargetPackages:
    """Installs for a base, without that base running. A `project.package.PackageSource`."""

    def __init__(self, base: Base, python: str, lock: Lock, cache: Cache, on_step: OnStep = lambda step: None) -> None:
        self._base = base
        self._python = python
        self._lock = lock
        self._cache = cache
        self._on_step = on_step

    @property
    def identity(self) -> str:
        """The base decides what runs there, the lock which versions."""
        return f"{self._base.image.digest} {self._python} {self._lock.identity(self._key)}"

    @property
    def _key(self) -> str:
        facts = self._base.known_facts  # to ask for more would download a base that nobody may need
        return str(Target(self._python, self._base.architecture, facts.libc)) if facts else ""

    def pinned(self, requirements: Path) -> tuple[LockedWheel, ...]:
        """What was installed."""
        return self._lock.wheels(self._key, hashlib.sha256(requirements.read_bytes()).hexdigest()) or ()

    def install(self, directory: Path, requirements: Path) -> None:
        """Choose, download, check and unpack."""
        target = Target(self._python, self._base.architecture, self._base.facts.libc)
        wheels = self._wheels(requirements, target)
        self._on_step(f"Unpacking {len(wheels)} packages")
        owners = unpack_wheels(wheels, directory)
        check_extensions(read_extensions(directory, owners), self._base.facts, self._base.name, target.architecture)

    def _wheels(self, requirements: Path, target: Target) -> list[Wheel]:
        digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
        locked = self._lock.wheels(self._key, digest)
        if locked is not None:
            return self._bring(locked, target)
        self._on_step(f"Choosing packages for {target}")
        with tempfile.TemporaryDirectory() as scratch:
            found = self._choose(requirements, target, Path(scratch))
            wheels = [open_wheel(self._cache.keep_wheel(wheel.path, wheel.sha256)) for wheel in found]
        pinned = [LockedWheel(wheel.name, wheel.version, wheel.file, wheel.sha256) for wheel in wheels]
        self._lock.pin_wheels(self._key, digest, pinned)
        return wheels

    def _choose(self, requirements: Path, target: Target, directory: Path) -> list[Wheel]:
        more: list[str] = []
        for _ in range(_MOST_ROUNDS):
            for old in directory.glob("*.whl"):
                old.unlink()
            _download(["--requirement", str(requirements), *more], target, directory)
            wheels = [open_wheel(path) for path in sorted(directory.glob("*.whl"))]
            missing = missing_dependencies(wheels, target)
            if not missing:
                return wheels
            more += missing
        raise ImageError(
            f"{requirements}: the packages need each other in a circle of markers: {', '.join(more)}",
            remedy="Name all of them in requirements.txt, with their versions.",
        )

    def _bring(self, locked: Sequence[LockedWheel], target: Target) -> list[Wheel]:
        """The pinned wheels, from the cache or, by name and sha256, from where pip finds them."""
        missing = [each for each in locked if self._cache.wheel(each.sha256, each.file) is None]
        if missing:
            self._on_step(f"Downloading {len(missing)} packages")
            with tempfile.TemporaryDirectory() as scratch:
                pins = Path(scratch) / "pins.txt"
                lines = [f"{each.name}=={each.version} --hash=sha256:{each.sha256}\n" for each in missing]
                pins.write_text("".join(lines), encoding="utf-8")
                _download(["--no-deps", "--require-hashes", "--requirement", str(pins)], target, Path(scratch))
                for each in missing:
                    self._cache.keep_wheel(Path(scratch) / each.file, each.sha256)
        return [open_wheel(self._cached(each)) for each in locked]

    def _cached(self, wheel: LockedWheel) -> Path:
        path = self._cache.wheel(wheel.sha256, wheel.file)
        if path is None:
            raise ImageError(f"{wheel.file}: it is not in the cache any more", remedy="Build again.")
        return path


def missing_dependencies(wheels: Sequence[Wheel], target: Target) -> list[str]:
    """Requirements that the target has and pip, judging by its own Python, left out."""
    there = {wheel.name for wheel in wheels}
    missing: dict[str, str] = {}
    for wheel in wheels:
        for line in wheel.requires:
            plain = needed_on(line, target)
            name = _NAME.match(plain) if plain else None
            if plain and name and normalized(name[1]) not in there:
                missing.setdefault(normalized(name[1]), plain)
    return sorted(missing.values())


def _download(arguments: Sequence[str], target: Target, directory: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", target.python]
    command += ["--abi", target.abi, *(part for tag in target.platform_tags for part in ("--platform", tag))]
    command += ["--dest", str(directory), *arguments]
    settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    try:
        finished = subprocess.run(command, check=False, timeout=_PIP_SECONDS, **settings)
    except subprocess.TimeoutExpired:
        raise ImageError(
            f"pip did not finish within {_PIP_SECONDS} s", remedy="Look at the network, and build again."
        ) from None
    if finished.returncode == 0:
        return
    said = finished.stderr.strip()
    without = _WITHOUT_WHEEL.search(said)
    if without:
        raise ImageError(
            f"there is no wheel of {without[1]} for {target}, and packages are never built from source",
            remedy="Choose a version that has one, or another base (--base): one with a newer C library takes more "
            f"wheels. The tags that were looked for begin with {', '.join(target.platform_tags[:2])}.\n{_last(said)}",
        )
    raise ImageError(f"pip could not download the packages for {target}:\n{_last(said)}", remedy="Mend what pip names.")


def _last(text: str) -> str:
    """The end of what pip said, without the addresses that a private index may have secrets in."""
    lines = [
        re.sub(r"(\w+://)[^\s/@]+@", r"\1***@", line) for line in text.splitlines() if not line.startswith("WARNING")
    ]
    return "\n".join(lines[-12:])

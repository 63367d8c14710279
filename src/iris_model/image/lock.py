"""`iris-model.lock`: the base and wheels of the last build, so that the next one uses the same.

It belongs in version control. It lists bases by the user's reference and digest, and wheels by file name and sha256,
without download addresses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iris_model.errors import ImageError
from iris_model.oci import Digest

LOCK_FILE = "iris-model.lock"
FORMAT = "iris-model-lock/1"


@dataclass(frozen=True)
class LockedWheel:
    """One pinned wheel."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass
class Lock:
    """The lock of one project. `save` writes changes, if there are any."""

    path: Path
    _document: dict[str, Any] = field(repr=False)
    _changed: bool = False

    @classmethod
    def read(cls, project: Path) -> Lock:
        """Read the project's lock; empty if it does not exist."""
        path = project / LOCK_FILE
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] != FORMAT:
                raise ValueError(f"its format is {document['format']!r}, expected {FORMAT!r}")
            for base in document["bases"].values():
                Digest.parse(base)
            for entry in document["packages"].values():
                [LockedWheel(**wheel) for wheel in entry["wheels"]]
        except FileNotFoundError:
            return cls(path, {"format": FORMAT, "bases": {}, "packages": {}})
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as failure:
            raise ImageError(
                f"{path} is not a valid lock file: {failure}",
                remedy="Restore it from version control, or delete it: the next build writes a new one.",
            ) from None
        return cls(path, document)

    def base(self, reference: str, platform: str) -> Digest | None:
        """Return the pinned digest of the base's manifest for a platform, or None."""
        found = self._document["bases"].get(f"{reference} {platform}")
        return Digest.parse(found) if found else None

    def pin_base(self, reference: str, platform: str, digest: Digest) -> None:
        """Pin a base."""
        self._set("bases", f"{reference} {platform}", str(digest))

    def wheels(self, target: str, requirements: str) -> tuple[LockedWheel, ...] | None:
        """Return the wheels for a target if they were selected for these requirements (by sha256), or None."""
        entry: Mapping[str, Any] | None = self._document["packages"].get(target)
        if entry is None or entry.get("requirements") != requirements:
            return None
        return tuple(LockedWheel(**wheel) for wheel in entry["wheels"])

    def pin_wheels(self, target: str, requirements: str, wheels: Sequence[LockedWheel]) -> None:
        """Pin the wheels for a target."""
        listed = [vars(wheel) for wheel in sorted(wheels, key=lambda each: each.name)]
        self._set("packages", target, {"requirements": requirements, "wheels": listed})

    def identity(self, target: str) -> str:
        """Return the pins of a target as text, for hashing."""
        return json.dumps(self._document["packages"].get(target), sort_keys=True)

    def forget(self) -> None:
        """Remove all pins, for `build --update`."""
        self._document = {"format": FORMAT, "bases": {}, "packages": {}}
        self._changed = True

    def save(self) -> None:
        """Write the lock if it changed."""
        if not self._changed:
            return
        try:
            text = json.dumps(self._document, indent=2, sort_keys=True) + "\n"
            if not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
                self.path.write_text(text, encoding="utf-8")
        except OSError as failure:
            raise ImageError(
                f"{self.path} cannot be written: {failure.strerror}",
                remedy="Make the project directory writable. The lock file makes builds reproducible.",
            ) from None
        self._changed = False

    def _set(self, section: str, key: str, value: object) -> None:
        if self._document[section].get(key) != value:
            self._document[section][key] = value
            self._changed = True

"""Platforms: the operating system and architecture of an image, and which image of an index runs where.

Accepts `linux/arm64`, `arm/v7`, `x86_64`. A `Platform` uses the names of the image specification, which are Go's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iris_model.contract.architecture import Architecture
from iris_model.errors import InvalidReference

_ARCHITECTURES = {
    **{each.machine: each.oci for each in Architecture},
    "x86-64": Architecture.X86_64.oci,
    "i386": "386",
    "armhf": "arm",
    "armv7l": "arm",
}
_WORD = re.compile(r"[a-z0-9._-]+")

# The variants that each architecture runs, best first. An empty variant is the base version of the architecture; for
# arm it means v7.
_RUNS = {
    ("amd64", "v4"): ("v4", "v3", "v2", ""),
    ("amd64", "v3"): ("v3", "v2", ""),
    ("amd64", "v2"): ("v2", ""),
    ("amd64", ""): ("",),
    ("arm64", ""): ("",),
    ("arm", "v8"): ("v8", "v7", "v6", "v5"),
    ("arm", "v7"): ("v7", "v6", "v5"),
    ("arm", "v6"): ("v6", "v5"),
    ("arm", "v5"): ("v5",),
}


@dataclass(frozen=True, order=True)
class Platform:
    """An operating system, an architecture and, for some architectures, its variant."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse `os/architecture[/variant]`, or an architecture alone, which means Linux."""
        parts = text.lower().split("/")
        if len(parts) == 1:
            parts = ["linux", *parts]
        if not 2 <= len(parts) <= 3 or not all(_WORD.fullmatch(part) for part in parts):
            raise InvalidReference(
                f"platform {text!r}: expected os/architecture or os/architecture/variant",
                remedy="Use linux/amd64 or linux/arm64, for example.",
            )
        variant = parts[2] if len(parts) == 3 else "v7" if parts[1] == "armv7l" else ""
        return cls(parts[0], _ARCHITECTURES.get(parts[1], parts[1]), variant)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Platform:
        """Return the platform of a descriptor or a config."""
        return cls(*(str(document.get(key) or "") for key in ("os", "architecture", "variant", "os.version")))

    def to_document(self) -> dict[str, str]:
        """Return the platform as JSON, as in descriptors."""
        fields = {
            "architecture": self.architecture,
            "os": self.os,
            "os.version": self.os_version,
            "variant": self.variant,
        }
        return {key: value for key, value in fields.items() if value or key in ("architecture", "os")}

    def preference(self, offered: Platform) -> int | None:
        """Return how well an image for `offered` runs here: 0 is best, None is not at all."""
        if (self.os, self.architecture) != (offered.os, offered.architecture):
            return None
        if self.os_version and self.os_version != offered.os_version:
            return None
        mine, theirs = _plain_variant(self), _plain_variant(offered)
        runs = _RUNS.get((self.architecture, mine), (mine, "") if mine else ("",))
        return runs.index(theirs) if theirs in runs else None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def _plain_variant(platform: Platform) -> str:
    """Return the variant, or "" for the default one."""
    if platform.architecture == "arm":
        return platform.variant or "v7"
    if (platform.architecture, platform.variant) in (("arm64", "v8"), ("amd64", "v1")):
        return ""
    return platform.variant

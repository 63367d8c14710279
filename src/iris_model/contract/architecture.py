"""The processor architectures of Lambda, and their names elsewhere."""

from __future__ import annotations

from enum import StrEnum


class Architecture(StrEnum):
    """An architecture, with Lambda's name as value. `oci` and `machine` are its names elsewhere."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def oci(self) -> str:
        """The name in image configurations and platforms, as in Go."""
        return "amd64" if self is Architecture.X86_64 else "arm64"

    @property
    def machine(self) -> str:
        """The name in `uname -m` on Linux, in wheel tags and in environment markers."""
        return "x86_64" if self is Architecture.X86_64 else "aarch64"

    @classmethod
    def named(cls, word: str) -> Architecture | None:
        """Return the architecture with this name, in any of the three forms and any case; None if there is none."""
        word = word.lower()
        return next((each for each in cls if word in (each, each.oci, each.machine)), None)

"""The processors that Lambda has, in the words of each who names them."""

from __future__ import annotations

from enum import StrEnum


class Architecture(StrEnum):
    """A processor, by Lambda's word; `oci` and `machine` are what others say."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def oci(self) -> str:
        """In image configs and platforms, which use the words of Go."""
        return "amd64" if self is Architecture.X86_64 else "arm64"

    @property
    def machine(self) -> str:
        """In `uname -m` of Linux, in wheel tags and in environment markers."""
        return "x86_64" if self is Architecture.X86_64 else "aarch64"

    @classmethod
    def named(cls, word: str) -> Architecture | None:
        """The processor that anybody's word means, whatever its case; None for others."""
        word = word.lower()
        return next((each for each in cls if word in (each, each.oci, each.machine)), None)

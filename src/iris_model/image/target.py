"""The target of a function (Python, architecture and C library), and the wheels that run there.

Platform tags are sorted, best first
(https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/).
"""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.contract.architecture import Architecture
from iris_model.oci import Platform

# Names that are older than tags with the glibc version (PEP 513, 571, 599).
_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_OLDEST_GLIBC = {"x86_64": 5, "arm64": 17}
_OLDEST_MUSL = 1


@dataclass(frozen=True)
class Libc:
    """The C library of a base: glibc, or Alpine's musl."""

    name: str = "glibc"
    major: int = 2
    minor: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.major}.{self.minor}"


@dataclass(frozen=True)
class Target:
    """Python's minor version, Lambda's name of the architecture, and the C library."""

    python: str
    architecture: str
    libc: Libc

    @property
    def abi(self) -> str:
        """The tag of extension modules of this Python: `cp313`."""
        return "cp" + self.python.replace(".", "")

    @property
    def platform_tags(self) -> tuple[str, ...]:
        """Every platform tag whose wheels run on the target, best first."""
        machine = Architecture(self.architecture).machine
        if self.libc.name == "musl":
            return tuple(f"musllinux_1_{minor}_{machine}" for minor in range(self.libc.minor, _OLDEST_MUSL - 1, -1))
        tags = []
        for minor in range(self.libc.minor, _OLDEST_GLIBC[self.architecture] - 1, -1):
            tags.append(f"manylinux_2_{minor}_{machine}")
            if minor in _OLD_NAMES:
                tags.append(f"{_OLD_NAMES[minor]}_{machine}")
        return (*tags, f"linux_{machine}")

    def __str__(self) -> str:
        return f"Python {self.python} on {self.architecture} with {self.libc}"


def image_platform(architecture: str) -> Platform:
    """Return the image platform for Lambda's name of an architecture."""
    return Platform("linux", Architecture(architecture).oci)


def architecture_of(platform: Platform) -> str:
    """Return Lambda's name for the architecture of an image."""
    return Architecture.named(platform.architecture) or platform.architecture

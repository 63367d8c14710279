"""One package of a base image, with any package manager."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package as its package manager describes it; unknown fields are empty."""

    kind: str
    """The type in package URLs: `deb`, `apk`, `rpm`, `pypi`."""

    name: str
    version: str
    architecture: str = ""
    license: str = ""
    vendor: str = ""
    source: str = ""
    """The source package that it was built from."""

    epoch: str = ""


@dataclass(frozen=True)
class OperatingSystem:
    """The content of `os-release`."""

    id: str = ""
    version: str = ""
    name: str = ""
    cpe: str = ""

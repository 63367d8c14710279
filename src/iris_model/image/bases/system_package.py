"""One package of a base image, with any package manager."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package in the words of its package manager; unknown fields are empty."""

    kind: str
    """As package URLs have it: `deb`, `apk`, `rpm`, `pypi`."""

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

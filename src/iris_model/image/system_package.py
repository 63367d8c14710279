"""One package that a base image brings, whoever manages it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """What its package manager says of it; a field is empty where it says nothing."""

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
    """What `os-release` says."""

    id: str = ""
    version: str = ""
    name: str = ""
    cpe: str = ""

"""The libraries whose models can be read: what they are installed as, and since which version."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from .graph import Estimator


@dataclass(frozen=True)
class Library:
    """One library: its name in a package index, the first version read, and the key of its version in pickled objects.

    `version_key` is None where objects do not carry the version. `twins`: other names under which it is installed.
    """

    distribution: str
    oldest: tuple[int, ...]
    version_key: str | None = None
    twins: tuple[str, ...] = ()


# Top-level package -> library.
LIBRARIES = {
    "catboost": Library("catboost", (1, 2)),
    "sklearn": Library("scikit-learn", (1, 5), "_sklearn_version"),
    "lightgbm": Library("lightgbm", (4, 0)),
    "xgboost": Library("xgboost", (2, 0), twins=("xgboost-cpu",)),
}


def find_version(distribution: str) -> str:
    """The installed version of a library, under whichever name; PackageNotFoundError if there is none."""
    twins = next((one.twins for one in LIBRARIES.values() if one.distribution == distribution), ())
    for name in twins:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return metadata.version(distribution)


def library_of(estimator: Estimator) -> tuple[str, str]:
    """The library an object belongs to and its installed version; ("", "") if it is none we know."""
    library = LIBRARIES.get(type(estimator).__module__.partition(".")[0])
    return (library.distribution, find_version(library.distribution)) if library else ("", "")


def installed_version(distribution: str) -> tuple[int, ...]:
    """Major and minor version of an installed library: what a reader asks when arithmetic changed between versions."""
    parts = find_version(distribution).split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())


def find_version_problem(estimator: Estimator) -> str | None:
    """Say why the installed version of the estimator's library is not read; None if it is."""
    library = LIBRARIES.get(type(estimator).__module__.partition(".")[0])
    if library is None:
        return None
    if installed_version(library.distribution) >= library.oldest:
        return None
    version = find_version(library.distribution)
    oldest = ".".join(map(str, library.oldest))
    return f"{library.distribution} {version} is too old for the readers; expected {oldest} or newer: train with that"

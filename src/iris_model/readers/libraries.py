"""The libraries whose models can be converted: their package names and oldest versions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from .graph import Estimator


@dataclass(frozen=True)
class Library:
    """One library: its distribution name, its oldest supported version, and the key of its version in pickled objects.

    `version_key` is None if objects do not store the version. `twins`: alternative distribution names.
    `exports_all`: the top-level package exports the classes of all its modules.
    """

    distribution: str
    oldest: tuple[int, ...]
    version_key: str | None = None
    twins: tuple[str, ...] = ()
    exports_all: bool = False


# Top-level package -> library.
LIBRARIES = {
    "catboost": Library("catboost", (1, 2)),
    "category_encoders": Library("category_encoders", (2, 8), exports_all=True),
    "imblearn": Library("imbalanced-learn", (0, 12)),
    "sklearn": Library("scikit-learn", (1, 5), "_sklearn_version"),
    "lightgbm": Library("lightgbm", (4, 0)),
    "xgboost": Library("xgboost", (2, 0), twins=("xgboost-cpu",)),
}


def find_version(distribution: str) -> str:
    """Return the installed version of a library, under any of its names. Raises PackageNotFoundError."""
    twins = next((one.twins for one in LIBRARIES.values() if one.distribution == distribution), ())
    for name in twins:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return metadata.version(distribution)


def library_of(estimator: Estimator) -> tuple[str, str]:
    """Return the library of an object and its installed version; ("", "") for an unknown one."""
    library = LIBRARIES.get(type(estimator).__module__.partition(".")[0])
    return (library.distribution, find_version(library.distribution)) if library else ("", "")


def installed_version(distribution: str) -> tuple[int, ...]:
    """Return major and minor version of an installed library, for converters that depend on them."""
    parts = find_version(distribution).split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())


def find_version_problem(estimator: Estimator) -> str | None:
    """Return why the installed version of the estimator's library is not supported, or None."""
    library = LIBRARIES.get(type(estimator).__module__.partition(".")[0])
    if library is None:
        return None
    if installed_version(library.distribution) >= library.oldest:
        return None
    version = find_version(library.distribution)
    oldest = ".".join(map(str, library.oldest))
    return f"{library.distribution} {version} is not supported; train the model with {oldest} or newer"

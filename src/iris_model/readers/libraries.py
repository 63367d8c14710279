"""The libraries whose models can be converted: their package names and oldest versions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Library:
    """One library: its distribution name, its oldest supported version, and the key of its version in pickled objects.

    `version_key` is None if objects do not store the version. `twins`: alternative distribution names.
    `exports_all`: the top-level package exports the classes of all its modules. `before`: the first version that is not
    supported, or None.
    """

    distribution: str
    oldest: tuple[int, ...]
    version_key: str | None = None
    twins: tuple[str, ...] = ()
    exports_all: bool = False
    before: tuple[int, ...] | None = None


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


def installed_version(distribution: str) -> tuple[int, ...]:
    """Return major and minor version of an installed library, for converters that depend on them."""
    parts = find_version(distribution).split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())

"""The libraries whose models can be converted: their package names and oldest versions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Library:
    """One library: its distribution name, its oldest supported version, and the key of its version in pickled objects.

    `version_key` is None if objects do not store the version. `twins`: alternative distribution names. `public_parts`:
    how many parts of a module name are public, if the deeper ones only define the classes. `before`: the first version
    that is not supported, or None.
    """

    distribution: str
    oldest: tuple[int, ...]
    version_key: str | None = None
    twins: tuple[str, ...] = ()
    public_parts: int | None = None
    before: tuple[int, ...] | None = None


# Top-level package -> library.
LIBRARIES = {
    "catboost": Library("catboost", (1, 2)),
    "category_encoders": Library("category_encoders", (2, 8), public_parts=1),
    "feature_engine": Library("feature-engine", (1, 9), public_parts=2),
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

"""Choose one data set for each class of estimators of the zoo."""

import zlib
from collections.abc import Iterable


def one_of_each(animals: Iterable[tuple[str, object]]) -> set[str]:
    """Of names such as `ridge - three targets`, each with its estimator, return one for each class of estimators.

    Chosen by a digest of the name of the class, so that each kind of data meets many of them, and the choice of one class
    stays while others are added.
    """
    groups: dict[str, list[str]] = {}
    for name, estimator in animals:
        groups.setdefault(type(estimator).__qualname__, []).append(name)
    return {group[zlib.crc32(name.encode()) % len(group)] for name, group in groups.items()}

"""The name of a class as people import it."""

from __future__ import annotations

from .libraries import LIBRARIES


def public_name(module: str, name: str) -> str:
    """`sklearn.tree._classes`, `ExtraTreeClassifier` -> `sklearn.tree.ExtraTreeClassifier`.

    From its first private module on, the path says where the library keeps the class, and that changes between versions.
    Other people's modules keep their whole path: what is private there need not be importable from above.
    """
    parts = module.split(".")
    if parts[0] in LIBRARIES:
        private = [index for index, part in enumerate(parts) if part.startswith("_")]
        parts = parts[: private[0]] if private else parts
    return ".".join([*parts, name])


def class_name(cls: type) -> str:
    """The public name of a class."""
    return public_name(cls.__module__, cls.__qualname__)

"""The public name of a class."""

from __future__ import annotations

from .libraries import LIBRARIES


def public_name(module: str, name: str) -> str:
    """Return the public name: `sklearn.tree._classes`, `ExtraTreeClassifier` -> `sklearn.tree.ExtraTreeClassifier`.

    From the first private module on, the path is an implementation detail that changes between versions. Modules
    outside the known libraries keep their whole path, because their private classes may not be importable from above.
    """
    parts = module.split(".")
    if parts[0] in LIBRARIES:
        private = [index for index, part in enumerate(parts) if part.startswith("_")]
        parts = parts[: private[0]] if private else parts
        parts = parts[: LIBRARIES[parts[0]].public_parts]
    return ".".join([*parts, name])


def class_name(cls: type) -> str:
    """Return the public name of a class."""
    return public_name(cls.__module__, cls.__qualname__)

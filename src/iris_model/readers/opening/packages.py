"""List the installed packages that are needed to open a model file, with exact versions.

Names and versions are as pip writes them. The file is read without building anything. Packages that are not installed
here, or were not installed from a package index, are omitted.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from iris_model.installed import is_local, packages_distributions
from iris_model.readers.libraries import LIBRARIES

from .model_file import read_model_file

# Packages whose objects are part of a library's models. Their versions also decide whether a model opens.
_COMPANIONS = {
    "sklearn": ("numpy", "scipy"),
    "xgboost": ("numpy", "scipy", "sklearn"),
    "lightgbm": ("numpy", "scipy", "sklearn"),
}


def list_packages(path: Path, library: str, *, asked_with_frames: bool = False) -> list[tuple[str, str]]:
    """Return (distribution, version) for `library` and each package that opening the file imports.

    `library`: the distribution of the model, "" if unknown. `asked_with_frames`: its rows are DataFrames.
    """
    own = next((root for root, known in LIBRARIES.items() if known.distribution == library), library)
    named = [*([own] if own else []), *_find_named(path), *(["pandas"] if asked_with_frames else [])]
    roots = dict.fromkeys(root for name in named for root in (name, *_COMPANIONS.get(name, ())))
    installed = packages_distributions()
    found = {}
    for root in roots:
        candidates = set(installed.get(root, ()))
        # A namespace that several distributions share does not show which one is needed.
        if len(candidates) == 1 and not is_local(name := candidates.pop()):
            found[name] = metadata.version(name)
    return list(found.items())


def _find_named(path: Path) -> list[str]:
    """Return the top-level packages that a file names, without the standard library, and the package that opens it."""
    file = read_model_file(path)
    if file.scan is None:
        return []
    roots = {module.partition(".")[0] for module, _ in file.scan.globals}
    return [*sorted(roots - sys.stdlib_module_names), *([file.format.package] if file.format.package else [])]

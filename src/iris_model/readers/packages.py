"""Which installed packages a model file is opened with, and their exact versions.

In: a path. Out: names and versions as pip writes them. The file is looked at and nothing of it is built; packages that
are not installed here, or not from a package index, are left out: this very file was opened without them.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from .libraries import LIBRARIES
from .native import NATIVE_SUFFIXES
from .open import SKOPS_SUFFIX, SUFFIXES
from .pickles import scan_pickle

# What a library's objects are made of: its own version alone does not decide whether they open.
_COMPANIONS = {
    "sklearn": ("numpy", "scipy"),
    "xgboost": ("numpy", "scipy", "sklearn"),
    "lightgbm": ("numpy", "scipy", "sklearn"),
}


def list_packages(path: Path, library: str, *, asked_with_frames: bool = False) -> list[tuple[str, str]]:
    """Return (distribution, version) for `library` and each package that opening the file imports.

    `library` is the distribution that the model is of, "" if it is of none we know; `asked_with_frames`: its rows are
    DataFrames.
    """
    own = next((root for root, known in LIBRARIES.items() if known.distribution == library), library)
    named = [*([own] if own else []), *_find_named(path), *(["pandas"] if asked_with_frames else [])]
    roots = dict.fromkeys(root for name in named for root in (name, *_COMPANIONS.get(name, ())))
    installed = metadata.packages_distributions()
    found = {}
    for root in roots:
        candidates = set(installed.get(root, ()))
        # A name that several distributions share, as a namespace, says of none that it is needed.
        if len(candidates) == 1 and not _is_local(name := candidates.pop()):
            found[name] = metadata.version(name)
    return list(found.items())


def _find_named(path: Path) -> list[str]:
    """The top-level packages that a file names, without the standard library, and what reads it."""
    suffix = path.suffix.lower()
    if suffix in NATIVE_SUFFIXES or suffix not in SUFFIXES:
        return []
    roots = {module.partition(".")[0] for module, _ in scan_pickle(path).globals}
    opener = ["skops"] if suffix == SKOPS_SUFFIX else []
    return [*sorted(roots - sys.stdlib_module_names), *opener]


def _is_local(distribution: str) -> bool:
    """Whether it was installed from a folder, a file or a repository: an index may have another one of its name."""
    return metadata.distribution(distribution).read_text("direct_url.json") is not None

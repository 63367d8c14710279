"""Opens a model file: judge the pickle first, then build the object.

In: a path, and the names outside the known libraries that the user trusts. Out: `OpenedModel`. The same bytes are
hashed, judged and unpickled, so that a file cannot change in between.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from iris_model.errors import ModelFileError, UntrustedModel

from .compressed import inflate
from .graph import Estimator
from .libraries import LIBRARIES, find_version, library_of
from .mlflow import find_model, find_names
from .names import class_name
from .native import NATIVE_SUFFIXES, adopt, open_native
from .pickles import NotAPickle, PickleScan, scan_bytes
from .trusted import find_refused_globals, is_trusted

SKOPS_SUFFIX = ".skops"
SUFFIXES = (".pkl", ".pickle", ".joblib", SKOPS_SUFFIX, *NATIVE_SUFFIXES)

# What a global of a pickle turns out to be: a class, or a function that rebuilds objects.
Found = Any

SAVE_AGAIN = "Save the fitted model again with pickle.dump or joblib.dump, and copy the file in binary mode."


@dataclass(frozen=True)
class OpenedModel:
    """A model as its file had it. `library` and `version` are "" for a class that belongs to no known library.

    `names`: what the file calls the columns, should the estimator itself not know.
    """

    estimator: Estimator
    library: str
    version: str
    class_name: str
    sha256: str
    names: tuple[str, ...] | None = None


def open_model(path: str | Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a pickle, joblib or skops file, a file of XGBoost or LightGBM, or an MLflow model directory.

    Raises ModelFileError, or UntrustedModel before anything of the file has run.
    """
    path = Path(path)
    if path.is_dir():
        path = find_model(path).path
    return replace(_open_file(path, trust), names=find_names(path))


def _open_file(path: Path, trust: Sequence[str]) -> OpenedModel:
    data = _read(path)
    if path.suffix.lower() == SKOPS_SUFFIX:
        return _opened(_open_skops(path, data, trust), data)
    if path.suffix.lower() in NATIVE_SUFFIXES:
        return _opened(open_native(path, data), data)
    plain = inflate(data)
    try:
        scan = scan_bytes(plain)
    except NotAPickle as error:
        raise ModelFileError(
            f"{path} has {len(data)} bytes but is not a whole pickle: {error}; expected a pickle or joblib file",
            remedy=SAVE_AGAIN,
        ) from None
    _check_globals(path, scan, trust)
    _check_versions(path, scan)
    return _opened(_build(path, plain, scan, trust), data)


def _opened(estimator: Estimator, data: bytes) -> OpenedModel:
    estimator = adopt(estimator)
    library, version = library_of(estimator)
    return OpenedModel(estimator, library, version, class_name(type(estimator)), hashlib.sha256(data).hexdigest())


def _open_skops(path: Path, data: bytes, trust: Sequence[str]) -> Estimator:
    """skops has an allow-list of its own; what lies outside that is judged by ours."""
    from . import skops

    try:
        scan = skops.scan(data)
    except skops.NotSkops as error:
        raise ModelFileError(
            f"{path} has {len(data)} bytes but is no skops file: {error}",
            remedy="Save the fitted model again with skops.io.dump, and copy the file in binary mode.",
        ) from None
    _check_versions(path, scan)
    try:
        unknown = skops.find_unknown(data)
    except ImportError:
        raise ModelFileError(
            f"{path} is a skops file, and skops is not installed", remedy="pip install skops"
        ) from None
    except Exception as error:
        # A schema that skops cannot follow.
        raise ModelFileError(
            f"{path} is a skops file that skops cannot read: {error}", remedy="pip install --upgrade skops"
        ) from None
    _check_globals(path, replace(scan, globals=tuple(unknown)), trust)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return skops.load(data)
    except Exception as error:
        raise ModelFileError(
            f"{path} is a skops file, but building the object failed: {type(error).__name__}: {error}",
            remedy="Install exactly the versions it was saved with, or save the model again.",
        ) from error


def _read(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES:
        raise ModelFileError(
            f"{path} ends in {path.suffix or 'no suffix'!r}; expected one of {', '.join(SUFFIXES)}",
            remedy=f"If pickle or joblib wrote it, compressed or not, rename it to {path.name.partition('.')[0]}.pkl; "
            "else save the fitted model with pickle.dump or joblib.dump.",
        )
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(
            f"there is no model file {path}", remedy="Check the path, or train the model first (python train.py)"
        ) from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}", remedy="Check the path.") from None
    if not data:
        raise ModelFileError(f"{path} is empty (0 bytes); expected a pickle or joblib file", remedy=SAVE_AGAIN)
    return data


def _check_globals(path: Path, scan: PickleScan, trust: Sequence[str]) -> None:
    from_script = sorted({name for module, name in scan.globals if module == "__main__"})
    if from_script:
        raise UntrustedModel(
            f"{path} names {', '.join('__main__.' + name for name in from_script)}: defined in the script that saved "
            "it, where no other program can find it; expected classes that can be imported",
            remedy="Move it into a module of its own, import it from there in the training script, train and save "
            "again, and then name that module in --trust.",
        )
    refused = find_refused_globals(scan.globals, trust)
    if refused:
        raise UntrustedModel(
            f"{path} names what lies outside the known libraries, so opening it could run anybody's code: "
            f"{', '.join(refused)}; expected only estimators and arrays",
            remedy="If you made this file and know these names, trust them: "
            + " ".join(f"--trust {name}" for name in refused),
        )


def _check_versions(path: Path, scan: PickleScan) -> None:
    for package, known in LIBRARIES.items():
        if not any(module.partition(".")[0] == package for module, _ in scan.globals):
            continue
        library = known.distribution
        wanted = scan.versions.get(library, ())
        exact = f"{library}=={wanted[0]}" if wanted else library
        try:
            installed = find_version(library)
        except metadata.PackageNotFoundError:
            raise ModelFileError(
                f"{path} was saved by {' '.join([library, *wanted])}, which is not installed here; "
                "expected the library that saved it",
                remedy=f"pip install {exact}",
            ) from None
        different = [version for version in wanted if version != installed]
        if different:
            raise ModelFileError(
                f"{path} was saved by {library} {different[0]}, and {installed} is installed here; a pickle is "
                "only sure to mean the same in the version that saved it",
                remedy=f"pip install {library}=={different[0]}  (or train and save the model again with {installed})",
            )


def _build(path: Path, data: bytes, scan: PickleScan, trust: Sequence[str]) -> Estimator:
    def find_class(module: str, name: str) -> Found:
        return find_global(module, name, trust)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if scan.is_joblib:
                from .joblibs import load

                return load(data, find_class)
            return _Unpickler(data, find_class).load()
    except UntrustedModel:
        raise
    except Exception as error:
        # What a constructor raises is up to the library: anything means that this file and this version do not fit.
        raise ModelFileError(
            f"{path} is a pickle, but building the object failed: {type(error).__name__}: {error}",
            remedy=_way_out(error),
        ) from error


def _way_out(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in LIBRARIES:
        return (
            f"Make the module {error.name} importable here: install its package, or name the directory that it lies in "
            "(PYTHONPATH=DIRECTORY)."
        )
    library, _, problem = str(error).partition(":")
    if problem.startswith(" cannot open shared object file"):
        return f"Install the package of your system that has {library} (libgomp.so.1 is in Debian's libgomp1)."
    return (
        "Install exactly the versions it was saved with, numpy, scipy and joblib too (requirements.txt), "
        "or train and save the model again."
    )


def find_global(module: str, name: str, trust: Sequence[str]) -> Found:
    """Import what a pickle names, judged once more: the second lock, should the scan ever be fooled."""
    if not is_trusted(module, name, trust):
        raise UntrustedModel(f"the pickle names {module}.{name}, which the scan of its opcodes had not shown")
    module = pickle_compat_name(module)
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    home = str(getattr(found, "__module__", module))
    # Modules are trusted for their own classes, not for those that they imported. Cython may leave out the package.
    foreign = home.partition(".")[0] != module.partition(".")[0] and not module.endswith("." + home)
    if foreign and module.partition(".")[0] in LIBRARIES and not is_trusted(home, str(found.__qualname__), trust):
        raise UntrustedModel(
            f"the pickle names {module}.{name}, which is {home}.{name} and none of the module's own",
            remedy=f"If you made this file and know that name, trust it: --trust {home}.{name}",
        )
    return found


def pickle_compat_name(module: str) -> str:
    """Python 2's names for two modules, which protocol 2 still writes."""
    return {"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, find_class: Callable[[str, str], Found]) -> None:
        super().__init__(io.BytesIO(data))
        self._find_class = find_class

    def find_class(self, module: str, name: str) -> Found:
        return self._find_class(module, name)

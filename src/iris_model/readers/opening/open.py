"""Open a model file: check the pickle first, then build the object.

The same bytes are hashed, checked and unpickled, so that a file cannot change in between.
"""

from __future__ import annotations

import hashlib
import importlib
import shlex
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import iris_model
from iris_model.contract.signature import Source
from iris_model.errors import ModelFileError, UntrustedModel
from iris_model.readers.graph import Estimator
from iris_model.readers.libraries import LIBRARIES, find_version
from iris_model.readers.names import class_name
from iris_model.readers.pickled.building import RefusedCall, build
from iris_model.readers.pickled.rebuilding import BadCall, BadDtype
from iris_model.readers.pickled.refusals import MAKE_AGAIN, advise, describe_refused
from iris_model.readers.pickled.scan import PickleScan
from iris_model.readers.pickled.trusted import ALIASES, TRUSTED_GLOBALS, is_given, is_trusted, plain_name
from iris_model.readers.pickled.versions import describe_versions, is_version, pin
from iris_model.readers.plugins import library_of

from .mlflow import find_model, find_names
from .model_file import ModelFile, read_model_file
from .native import adopt

# The value of a global of a pickle: a class, or a function that rebuilds objects.
Found = Any


@dataclass(frozen=True)
class OpenedModel:
    """A model from a file. `library` and `version` are "" for a class outside the known libraries.

    `names`: the column names in the file, if the estimator has none.
    """

    estimator: Estimator
    library: str
    version: str
    class_name: str
    sha256: str
    names: tuple[str, ...] | None = None

    def describe_source(self) -> Source:
        """Return the source of the served model: this model, and the program that reads it."""
        return {
            "library": self.library,
            "version": self.version,
            "class": self.class_name,
            "sha256": self.sha256,
            "tool": f"iris-model {iris_model.__version__}",
        }


def open_model(path: str | Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a pickle, joblib or skops file, a file of XGBoost, LightGBM or CatBoost, or an MLflow model directory.

    `trust`: names outside the known libraries that the file may use. Raises ModelFileError, or UntrustedModel before
    any code of the file has run.
    """
    path = Path(path)
    if path.is_dir():
        path = find_model(path).path
    return replace(_open_file(path, trust), names=find_names(path))


def _open_file(path: Path, trust: Sequence[str]) -> OpenedModel:
    file = read_model_file(path)
    estimator = adopt(file.open(trust))
    library, version = library_of(estimator)
    return OpenedModel(estimator, library, version, class_name(type(estimator)), hashlib.sha256(file.data).hexdigest())


def open_pickle(file: ModelFile, trust: Sequence[str]) -> Estimator:
    """Open a pickle or joblib file: check its names and versions, then build the object."""
    scan = file.scan
    assert scan is not None, "pickles have a scanner"
    _check_versions(file.path, scan)
    _check_names(file.path, scan, trust)
    return _build(file.path, file.plain, trust)


def refuse_onnx(file: ModelFile, trust: Sequence[str]) -> Estimator:
    """Raise ModelFileError: an ONNX graph is read in another way (`readers/onnx`)."""
    raise ModelFileError(
        f"{file.path} is an ONNX model, which contains no estimator",
        remedy=f"Create a project: iris-model init PROJECT --model {shlex.quote(str(file.path))}",
    )


def open_skops(file: ModelFile, trust: Sequence[str]) -> Estimator:
    """Open a skops file. skops has its own allow-list; other types are checked against ours."""
    from iris_model.readers.pickled import skops

    path, data, scan = file.path, file.data, file.scan
    assert scan is not None, "skops files have a scanner"
    _check_versions(path, scan)
    _check_names(path, replace(scan, globals=()), trust)  # the loaders; skops itself trusts many of these names
    try:
        data = skops.without_irrelevant(data, trust)
        unknown = skops.find_unknown(data)
    except ImportError:
        raise ModelFileError(
            f"{path} is a skops file, and skops is not installed", remedy="pip install skops"
        ) from None
    except Exception as error:
        # A schema that skops cannot load.
        raise ModelFileError(
            f"{path} is a skops file that skops cannot read: {error}", remedy="pip install --upgrade skops"
        ) from None
    _check_names(path, replace(scan, globals=tuple(unknown)), trust)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return skops.load(data)
    except Exception as error:
        raise ModelFileError(
            f"{path} is a skops file that cannot be opened here: {type(error).__name__}: {error}",
            remedy="Install the exact versions that it was saved with, or save the model again.",
        ) from error


def _check_names(path: Path, scan: PickleScan, trust: Sequence[str]) -> None:
    from_script = sorted({name for module, name in scan.globals if module == "__main__"})
    if from_script:
        raise UntrustedModel(
            f"{path} names {', '.join('__main__.' + name for name in from_script)}: defined in the script that saved "
            f"it, so no other program can import it",
            remedy="Move it into a module, import it from there in the training script, then train and save again. "
            "Name it in --trust.",
        )
    refused = describe_refused(scan, trust)
    if refused:
        raise UntrustedModel(
            f"{path} could run arbitrary code when opened: it {refused}; expected estimators and arrays only",
            remedy=advise(scan, trust),
        )


def _check_versions(path: Path, scan: PickleScan) -> None:
    """Raise ModelFileError, with the `pip install` that is needed, if a library is absent or has another version."""
    problems, pins, here = [], [], []
    for package, known in LIBRARIES.items():
        if not any(module.partition(".")[0] == package for module, _ in scan.globals):
            continue
        library = known.distribution
        wanted = scan.versions.get(library, ())
        try:
            installed = find_version(library)
        except metadata.PackageNotFoundError:
            saved = f"{library} {describe_versions(wanted[0])}" if wanted else library
            problems.append(f"{saved}, which is not installed here")
            pins.append(pin(library, wanted[0]) if wanted else library)
            continue
        different = [version for version in wanted if not is_version(installed, version)]
        if different:
            problems.append(f"{library} {describe_versions(different[0])}, and {installed} is installed here")
            pins.append(pin(library, different[0]))
            here.append(f"{library} {installed}")
    if problems:
        again = f"  (or train and save the model again with {' and '.join(here)})" if len(here) == len(pins) else ""
        raise ModelFileError(
            f"{path} was saved by {'; by '.join(problems)}; a pickle is reliable only with the version that saved it",
            remedy=f"pip install {' '.join(pins)}{again}",
        )


def _build(path: Path, data: bytes, trust: Sequence[str]) -> Estimator:
    def find_class(module: str, name: str) -> Found:
        return find_global(module, name, trust)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return build(data, find_class, trust)
    except UntrustedModel:
        raise
    except (RefusedCall, BadCall, BadDtype) as error:
        raise UntrustedModel(
            f"{path} could run arbitrary code when opened: {error}; expected estimators and arrays only",
            remedy=MAKE_AGAIN,
        ) from None
    except Exception as error:
        # A library may raise any exception if the file does not match its version.
        raise ModelFileError(
            f"{path} is a pickle that cannot be opened here: {type(error).__name__}: {error}",
            remedy=_way_out(error),
        ) from error


def _way_out(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in LIBRARIES:
        return (
            f"Make the module {error.name} importable here: install its package, or set PYTHONPATH to the directory that "
            "contains it."
        )
    library, _, problem = str(error).partition(":")
    if problem.startswith(" cannot open shared object file"):
        return f"Install the package of your system that has {library} (libgomp.so.1 is in Debian's libgomp1)."
    return (
        "Install the exact versions of the libraries that it was saved with, including numpy, scipy and joblib, "
        "or train and save the model again."
    )


def find_global(module: str, name: str, trust: Sequence[str]) -> Found:
    """Import a global of a pickle after a second check, in case the scan was evaded."""
    if not is_trusted(module, name, trust):
        raise UntrustedModel(f"the pickle names {module}.{name}, which a scan of its opcodes did not find")
    module, _, name = (
        plain_name(f"{module}.{name}").partition(".") if module in ("__builtin__", "copy_reg") else (module, "", name)
    )
    found = importlib.import_module(ALIASES.get(module, module))
    for part in name.split("."):
        found = getattr(found, part)
    if is_given(f"{module}.{name}", trust):
        return found
    home = str(getattr(found, "__module__", module))
    # A module is trusted for its own classes, not for those that it imports. Cython may omit the package.
    foreign = home.partition(".")[0] != module.partition(".")[0] and not module.endswith("." + home)
    if foreign and module.partition(".")[0] in LIBRARIES and not is_trusted(home, str(found.__qualname__), trust):
        raise UntrustedModel(
            f"the pickle names {module}.{name}, which is {home}.{name} and not defined in that module",
            remedy=f"Trust the name if you created this file and know it: --trust {home}.{name}",
        )
    if f"{module}.{name}" not in TRUSTED_GLOBALS and "__pyx" not in name and not isinstance(found, type):
        raise UntrustedModel(
            f"the pickle names {module}.{name}, which is a {type(found).__name__} and not a class", remedy=MAKE_AGAIN
        )
    return found

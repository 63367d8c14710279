"""Open a trained model's file inside the function, with the library that wrote it.

`source` comes from the model's description. `source["format"]` selects the opener; `package` determined it from the
content of the file. Returns an estimator with `predict`.
"""

import warnings

from iris_model.engine.errors import ModelFormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from iris_model.contract.signature import Source


def open_model(path: str, source: "Source") -> object:
    """Open the file and return the estimator.

    Raises ModelFormatError, which names the missing package or the version that is needed.
    """
    library, wanted = source.get("library") or "its library", source.get("version") or "?"
    kind = source.get("format") or ("joblib" if path.endswith(".joblib") else "pickle")
    try:
        with warnings.catch_warnings():
            # scikit-learn only warns about a pickle of another version, which may answer differently.
            warnings.filterwarnings("error", message="Trying to unpickle estimator")
            return OPENERS[kind](path, source)
    except ImportError as error:
        raise ModelFormatError(
            f"cannot open the model {path}: {error}; it needs {library} {wanted}: "
            "name it in requirements.txt and package with --install-requirements"
        ) from None
    except Exception as error:
        raise ModelFormatError(
            f"cannot open the model {path}, written with {library} {wanted}: {type(error).__name__}: {error}; "
            f"install exactly {library}=={wanted}, or train again"
        ) from None


def _open_pickle(path: str, source: "Source") -> object:
    from pickle import load

    with open(path, "rb") as file:
        head = file.read(6)
    for magic, module in (b"\x1f\x8b", "gzip"), (b"BZ", "bz2"), (b"\xfd7zXZ", "lzma"), (b"\x5d\x00", "lzma"):
        if head.startswith(magic):
            open_compressed = __import__(module).open
            with open_compressed(path, "rb") as file:
                return _adopt(load(file), source)  # noqa: S301 - the function's own model, put there by its owner
    with open(path, "rb") as file:
        if head.startswith(b"\x78"):
            from pickle import loads
            from zlib import decompress

            return _adopt(loads(decompress(file.read())), source)  # noqa: S301
        return _adopt(load(file), source)  # noqa: S301


def _open_joblib(path: str, source: "Source") -> object:
    from joblib import load

    return _adopt(load(path), source)


def _open_skops(path: str, source: "Source") -> object:
    from skops.io import get_untrusted_types, load

    return load(path, trusted=get_untrusted_types(file=path))


def _open_xgboost(path: str, source: "Source") -> object:
    with open(path, "rb") as file:
        # From memory, because XGBoost selects the format of a path by its suffix.
        return _xgboost_estimator(bytearray(file.read()), source)


def _open_lightgbm(path: str, source: "Source") -> object:
    from lightgbm import Booster

    with open(path, encoding="utf-8") as file:
        return Booster(model_str=file.read())


def _open_catboost(path: str, source: "Source") -> object:
    import catboost

    with open(path, "rb") as file:
        content = file.read()
    loss = str(catboost.CatBoost().load_model(blob=content).get_all_params()["loss_function"])
    # The loss determines how an estimator converts raw values.
    return getattr(catboost, _class_of(source))(loss_function=loss).load_model(blob=content)


def _adopt(model: "Any", source: "Source") -> object:
    """Wrap a bare XGBoost booster, which takes DMatrix, in its estimator, which takes rows."""
    if (type(model).__module__, type(model).__qualname__) == ("xgboost.core", "Booster"):
        return _xgboost_estimator(model.save_raw("ubj"), source)
    return model


def _xgboost_estimator(content: object, source: "Source") -> object:
    import xgboost

    estimator = getattr(xgboost, _class_of(source))()
    estimator.load_model(content)
    return estimator


def _class_of(source: "Source") -> str:
    """Return the name of the class without its module."""
    name: str = source["class"].rpartition(".")[2]
    return name


OPENERS: "dict[str, Callable[[str, Source], object]]" = {
    "pickle": _open_pickle,
    "joblib": _open_joblib,
    "skops": _open_skops,
    "xgboost": _open_xgboost,
    "lightgbm": _open_lightgbm,
    "catboost": _open_catboost,
}

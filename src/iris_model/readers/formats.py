"""The formats of model files: one table, and the format of a file by its content.

`inspect`, `init`, `compile`, and the function itself through the description that `package` writes, all use the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iris_model.errors import ModelFileError

from .foreign_formats import OLD_TORCH, TORCH, find_foreign, find_pointer
from .format_bytes import inner_head, looks_compressed, looks_like_onnx, looks_like_pickle, names_in_zip

PICKLE = "pickle"  # also what joblib writes: the opcodes decide which of the two opens it
SKOPS = "skops"
XGBOOST = "xgboost"
LIGHTGBM = "lightgbm"
CATBOOST = "catboost"
ONNX = "onnx"

# The name of a pickle from joblib, in `source["format"]`: joblib must open it.
JOBLIB = "joblib"

SAVE_AGAIN = "Save the fitted model again with pickle.dump or joblib.dump, and copy the file in binary mode."

# Boosters of early XGBoost versions have no magic number. The names of booster and objective are near the start.
_OLD_XGBOOST = (b"gbtree", b"gblinear", b"dart")


def find_format(path: Path, data: bytes) -> ModelFormat:
    """Return the format of a model file. `path` is for messages and for ambiguous content.

    Raises ModelFileError, which names the actual format and what to do.
    """
    if not data:
        raise ModelFileError(f"{path} is empty (0 bytes); expected a model file", remedy=SAVE_AGAIN)
    if pointer := find_pointer(path, data):
        problem, remedy = pointer
        raise ModelFileError(problem, remedy=remedy)
    if data.startswith(OLD_TORCH):
        raise ModelFileError(f"{path} is {TORCH[0]}", remedy=TORCH[1])
    if found := _by_content(data):
        return found
    if looks_compressed(data):
        _check_compressed(path, data)
        return FORMATS[PICKLE]
    if foreign := find_foreign(path, data):
        raise ModelFileError(f"{path} is {foreign[0]}", remedy=foreign[1])
    if _is_json(data):
        if b'"learner"' in data:
            return FORMATS[XGBOOST]
        raise ModelFileError(
            f'{path} is JSON, but not a model: a booster of XGBoost has a "learner", and this has none',
            remedy="Pass the model file. " + SAVE_AGAIN + " A booster: booster.save_model('model.ubj').",
        )
    # Content without a signature. If the file is invalid, opening it reports the problem.
    usual = next((each for each in FORMATS.values() if path.suffix.lower() in each.suffixes), None)
    if usual:
        return usual
    raise ModelFileError(
        f"{path} has {len(data)} bytes and is not a known model file (pickle, joblib, skops, ONNX, XGBoost, LightGBM, CatBoost)",
        remedy=SAVE_AGAIN,
    )


def is_old_xgboost(data: bytes) -> bool:
    """Whether the bytes have the binary format of XGBoost before 3.1, which 3.1 no longer reads."""
    head = data[:512]
    is_json = data[:1] == b"{" or data[8:9] == b"{"  # the second: safetensors
    return data.startswith(b"binf") or (
        not is_json and b"\0\0\0" in head[:64] and any(name in head for name in _OLD_XGBOOST)
    )


def _is_json(data: bytes) -> bool:
    """Whether it is JSON text; UBJSON begins with a brace as well."""
    head = data[:4096].lstrip()
    return head[:1] == b"[" or (head[:1] == b"{" and head[1:].lstrip()[:1] in (b'"', b"}"))


def _is_xgboost(data: bytes) -> bool:
    # JSON, or the same in UBJSON.
    return (data.startswith(b"{") and b"learner" in data[:64]) or is_old_xgboost(data)


@dataclass(frozen=True)
class ModelFormat:
    """A format of model files. A path `module.function` is below `readers`, and is imported when it is needed."""

    name: str
    title: str
    """Its name in messages."""
    suffixes: tuple[str, ...]
    is_recognized: Callable[[bytes], bool]
    opener: str
    """The function from a ModelFile and the trusted names to an estimator. It may refuse every file."""
    scanner: str = ""
    """The function from bytes to a PickleScan, if a file of this format names classes."""
    package: str = ""
    """The package that opens the file, if it is not one that the file names."""


# In the order in which they are tried.
FORMATS = {
    each.name: each
    for each in (
        ModelFormat(
            PICKLE, "pickle", (".pkl", ".pickle", ".joblib"), looks_like_pickle,
            "opening.open.open_pickle", "pickled.pickles.scan_bytes",
        ),
        ModelFormat(
            CATBOOST, "CatBoost's own format: data, no code", (".cbm",), lambda data: data.startswith(b"CBM1"),
            "opening.native.open_native",
        ),
        ModelFormat(
            LIGHTGBM, "LightGBM's own format: data, no code", (".txt", ".lgb"),
            lambda data: data[:64].lstrip().startswith((b"tree\n", b"tree\r\n")), "opening.native.open_native",
        ),
        ModelFormat(
            SKOPS, "skops", (".skops",), lambda data: "schema.json" in names_in_zip(data),
            "opening.open.open_skops", "pickled.skops.scan", "skops",
        ),
        ModelFormat(ONNX, "ONNX: data, no code", (".onnx",), looks_like_onnx, "opening.open.refuse_onnx"),
        ModelFormat(
            XGBOOST, "XGBoost's own format: data, no code", (".json", ".ubj", ".xgb"), _is_xgboost,
            "opening.native.open_native",
        ),
    )
}  # fmt: skip


def _by_content(data: bytes) -> ModelFormat | None:
    return next((each for each in FORMATS.values() if each.is_recognized(data)), None)


def _check_compressed(path: Path, data: bytes) -> None:
    """Refuse compressed files, except for pickles, which are decompressed when they are opened."""
    head = inner_head(data)
    if head is None or looks_like_pickle(head):
        return  # damaged: opening it reports how
    inner = _by_content(head)
    if inner:
        name = path.name.removesuffix(path.suffix)
        raise ModelFileError(
            f"{path} is a compressed {inner.name} file; expected the uncompressed file",
            remedy=f"Decompress it (gunzip, bunzip2 or unxz), and pass {path.with_name(name)}.",
        )
    if foreign := find_foreign(path, head):
        raise ModelFileError(f"{path} is {foreign[0]}, compressed", remedy=foreign[1])

"""Determine the format of a model file by its content.

`inspect`, `init`, `compile`, and the function itself through the description that `package` writes, all use this
answer.
"""

from __future__ import annotations

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

FORMATS = (PICKLE, SKOPS, XGBOOST, LIGHTGBM, CATBOOST, ONNX)

# The library itself opens these formats.
NATIVE_FORMATS = (XGBOOST, LIGHTGBM, CATBOOST)

# The format for content without a signature. If the file is invalid, opening it reports the problem.
USUAL_SUFFIXES = {
    ".pkl": PICKLE,
    ".pickle": PICKLE,
    ".joblib": PICKLE,
    ".skops": SKOPS,
    ".json": XGBOOST,
    ".ubj": XGBOOST,
    ".xgb": XGBOOST,
    ".txt": LIGHTGBM,
    ".lgb": LIGHTGBM,
    ".cbm": CATBOOST,
    ".onnx": ONNX,
}

SAVE_AGAIN = "Save the fitted model again with pickle.dump or joblib.dump, and copy the file in binary mode."

# Boosters of early XGBoost versions have no magic number. The names of booster and objective are near the start.
_OLD_XGBOOST = (b"gbtree", b"gblinear", b"dart")


def find_format(path: Path, data: bytes) -> str:
    """Return the format of a model file, one of `FORMATS`. `path` is for messages and for ambiguous content.

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
        return PICKLE
    if foreign := find_foreign(path, data):
        raise ModelFileError(f"{path} is {foreign[0]}", remedy=foreign[1])
    if _is_json(data):
        if b'"learner"' in data:
            return XGBOOST
        raise ModelFileError(
            f'{path} is JSON, but not a model: a booster of XGBoost has a "learner", and this has none',
            remedy="Pass the model file. " + SAVE_AGAIN + " A booster: booster.save_model('model.ubj').",
        )
    usual = USUAL_SUFFIXES.get(path.suffix.lower())
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


def _by_content(data: bytes) -> str | None:
    head = data[:64]
    if looks_like_pickle(data):
        return PICKLE
    if head.startswith(b"CBM1"):
        return CATBOOST
    if head.lstrip().startswith(b"tree\n") or head.lstrip().startswith(b"tree\r\n"):
        return LIGHTGBM
    if head.startswith(b"{") and b"learner" in head:
        return XGBOOST  # JSON, or the same in UBJSON
    if "schema.json" in names_in_zip(data):
        return SKOPS
    if looks_like_onnx(data):
        return ONNX
    return XGBOOST if is_old_xgboost(data) else None


def _check_compressed(path: Path, data: bytes) -> None:
    """Refuse compressed files, except for pickles, which are decompressed when they are opened."""
    head = inner_head(data)
    if head is None or looks_like_pickle(head):
        return  # damaged: opening it reports how
    inner = _by_content(head)
    if inner:
        name = path.name.removesuffix(path.suffix)
        raise ModelFileError(
            f"{path} is a compressed {inner} file; expected the uncompressed file",
            remedy=f"Decompress it (gunzip, bunzip2 or unxz), and pass {path.with_name(name)}.",
        )
    if foreign := find_foreign(path, head):
        raise ModelFileError(f"{path} is {foreign[0]}, compressed", remedy=foreign[1])

"""Recognize model files of formats that are not opened here, and name the conversion for each.

Returns two sentences: what the file is, and what to do. None if it is unknown. Recognized by content if possible, else
by suffix.
"""

from __future__ import annotations

import struct
from pathlib import Path

from .format_bytes import names_in_zip

Advice = tuple[str, str]

_SAVE_ESTIMATOR = "Save the fitted estimator itself, before it is converted: joblib.dump(model, 'model.joblib')"

TORCH: Advice = (
    "a PyTorch file: weights, or a program",
    "Export the model to ONNX: torch.onnx.export(model.eval(), (rows,), 'model.onnx', dynamic_shapes=({0: 'rows'},)), "
    "with rows a float32 tensor of at least two rows; then name model.onnx.",
)
KERAS: Advice = (
    "a Keras model",
    "Export it to ONNX: model.export('model.onnx', format='onnx') with Keras 3, else "
    "python -m tf2onnx.convert --keras FILE --output model.onnx; then name model.onnx.",
)
TFLITE: Advice = (
    "a TensorFlow Lite model",
    "Convert it to ONNX: python -m tf2onnx.convert --tflite FILE --output model.onnx; then name model.onnx.",
)
SAVED_MODEL: Advice = (
    "a TensorFlow SavedModel",
    "Convert it to ONNX: python -m tf2onnx.convert --saved-model DIRECTORY --output model.onnx; then name model.onnx.",
)
CORE_ML: Advice = ("a Core ML model, which runs only on Apple devices", _SAVE_ESTIMATOR)
PMML: Advice = ("a PMML document", _SAVE_ESTIMATOR)
R: Advice = (
    "an R object",
    "Save a booster in its library's own format: xgboost::xgb.save(model, 'model.ubj') or "
    "lightgbm::lgb.save(model, 'model.txt'). Train other R models again in Python.",
)
SPARK: Advice = (
    "a Spark model",
    "Convert it to ONNX with onnxmltools.convert_sparkml, or train again with scikit-learn, XGBoost or LightGBM.",
)
H2O: Advice = ("an H2O model", "Train the same algorithm with scikit-learn, XGBoost or LightGBM.")
JAVA: Advice = ("a Java object", "Train the model with scikit-learn, XGBoost or LightGBM, or export it to ONNX.")
WEIGHTS: Advice = ("a file of arrays, without their model", _SAVE_ESTIMATOR)
COMPILED: Advice = (
    "a safetensors file: a compiled model, or only weights",
    "Pass the trained model, because verification needs it. " + _SAVE_ESTIMATOR,
)
ARCHIVE: Advice = ("an archive", "Unpack it, and pass the model file or the MLflow directory in it.")
DAMAGED: Advice = ("a damaged or truncated zip archive", "Copy it again in binary mode, or save the model again.")
DATA: Advice = (
    "a table, not a model",
    "Pass the file that training wrote. Pass sample rows with --data FILE.csv.",
)
PROGRAM: Advice = ("a program, not a model", "Run it, and pass the model file that it writes.")
WEB_PAGE: Advice = ("a web page", "Download the model file itself; the site may require a login.")
XGBOOST_DUMP: Advice = (
    "an XGBoost dump for people to read",
    "Save the booster so that it can be loaded: booster.save_model('model.ubj')",
)
LIGHTGBM_DUMP: Advice = (
    "a LightGBM dump for people to read",
    "Save the booster so that it can be loaded: booster.save_model('model.txt')",
)
CATBOOST_JSON: Advice = ("a CatBoost model in JSON", "Save it in CatBoost's own format: model.save_model('model.cbm')")
FASTTEXT: Advice = ("a fastText model", "iris-model serves models of tables; fastText takes only text.")

_BY_SUFFIX: dict[str, Advice] = {
    **dict.fromkeys((".pt", ".pth", ".pt2", ".ckpt"), TORCH),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), KERAS),
    ".tflite": TFLITE,
    ".pb": SAVED_MODEL,
    **dict.fromkeys((".mlmodel", ".mlpackage"), CORE_ML),
    ".pmml": PMML,
    **dict.fromkeys((".rds", ".rda", ".rdata"), R),
    ".mojo": H2O,
    **dict.fromkeys((".npy", ".npz"), WEIGHTS),
    ".safetensors": COMPILED,
    **dict.fromkeys((".csv", ".tsv", ".parquet", ".arrow", ".feather", ".xlsx"), DATA),
    **dict.fromkeys((".py", ".ipynb", ".r", ".jl"), PROGRAM),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z"), ARCHIVE),
}

_BY_PREFIX: tuple[tuple[bytes, Advice], ...] = (
    (b"\x89HDF\r\n\x1a\n", KERAS),
    (b"\x93NUMPY", WEIGHTS),
    (b"PAR1", DATA),
    (b"ARROW1", DATA),
    (b"RDX2\n", R),
    (b"RDX3\n", R),
    (b"X\n\0\0\0", R),
    (b"A\n2\n", R),
    (b"A\n3\n", R),
    (b"\xac\xed\0\x05", JAVA),
    (struct.pack("<i", 793712314), FASTTEXT),
    (b"<!doctype html", WEB_PAGE),
    (b"<html", WEB_PAGE),
    (b"booster[0]:", XGBOOST_DUMP),
    (b"0:[", XGBOOST_DUMP),
)


# The old format of `torch.save`, before zip archives: several pickles, the first of them a number.
OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def find_pointer(path: Path, data: bytes) -> Advice | None:
    """Return the problem of a file that only points to the model, and the command that fetches the model."""
    if data.startswith(b"version https://git-lfs.github.com/spec/"):
        return (
            f"{path} is a pointer of Git LFS, not the model itself",
            f"Fetch the model: git lfs pull --include {path.name}",
        )
    if data.startswith((b"outs:", b"md5:")) and b"md5:" in data[:256]:
        return (f"{path} is a pointer of DVC, not the model itself", f"Fetch the model: dvc pull {path.name}")
    return None


def find_foreign(path: Path, data: bytes) -> Advice | None:
    """Return what the file is and what to do, recognized by content, else by suffix."""
    lowered = data[:64].lstrip().lower()
    for prefix, advice in _BY_PREFIX:
        if data.startswith(prefix) or lowered.startswith(prefix):
            return advice
    if data[4:8] == b"TFL3":
        return TFLITE
    if b"<pmml" in data[:1024].lower():
        return PMML
    if data[257:262] == b"ustar":
        return ARCHIVE
    if data[8:9] == b"{" and 0 < int.from_bytes(data[:8], "little") < 100_000_000:
        return COMPILED
    if data.startswith(b"PK\x03\x04"):
        names = names_in_zip(data)
        return (_in_zip(names) or _BY_SUFFIX.get(path.suffix.lower(), ARCHIVE)) if names else DAMAGED
    if data[:1] in (b"{", b"["):
        return _in_json(data[:65536])
    return _BY_SUFFIX.get(path.suffix.lower())


def find_foreign_directory(path: Path) -> Advice | None:
    """Return what a directory is and what to do, if another library wrote it as one model; else None."""
    if (path / "saved_model.pb").is_file():
        return SAVED_MODEL
    if path.suffix.lower() == ".mlpackage":
        return CORE_ML
    if (path / "metadata").is_dir() and ((path / "stages").is_dir() or (path / "data").is_dir()):
        return SPARK
    return None


def _in_zip(names: frozenset[str]) -> Advice | None:
    ends = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in ends or "archive_format" in ends:
        return TORCH
    if "config.json" in names and any(name.endswith(".weights.h5") for name in names):
        return KERAS
    if "model.ini" in ends:
        return H2O
    if "bundle.json" in ends:
        return SPARK
    if names and all(name.endswith(".npy") for name in names):
        return WEIGHTS
    return None


def _in_json(head: bytes) -> Advice | None:
    if b'"nodeid"' in head:
        return XGBOOST_DUMP
    if b'"tree_info"' in head:
        return LIGHTGBM_DUMP
    if b'"oblivious_trees"' in head or b'"features_info"' in head:
        return CATBOOST_JSON
    if b'"nbformat"' in head or b'"cells"' in head:
        return PROGRAM
    return None

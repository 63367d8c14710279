"""What a model file is, by its content: files that the libraries wrote, under any name; and what else people name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import catboost
import joblib
import lightgbm
import numpy as np
import pytest
import safetensors.numpy
import skops.io
import xgboost
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

from iris_model.errors import ModelFileError
from iris_model.readers import open_model, read_model_file
from iris_model.readers.formats import find_format, is_old_xgboost

X = np.random.RandomState(0).normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)
NAMES = (
    "model",
    "model.bst",
    "model.sav",
    "model.model",
    "model.bin",
    "model.pkl",
    "model.json",
    "model.onnx",
    "model.cbm",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """One file of each format, as its library writes it."""
    directory = tmp_path_factory.mktemp("files")
    scikit = LogisticRegression().fit(X, Y)
    boosted = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(X, Y)
    cat = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(X, Y)
    light = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(X, X[:, 0])
    paths = {
        name: directory / name
        for name in ("a.pkl", "b.joblib", "c.skops", "d.json", "e.ubj", "f.txt", "g.cbm", "h.onnx")
    }
    paths["a.pkl"].write_bytes(pickle.dumps(scikit))
    joblib.dump(scikit, paths["b.joblib"])
    skops.io.dump(scikit, paths["c.skops"])
    boosted.save_model(paths["d.json"])
    boosted.save_model(paths["e.ubj"])
    light.booster_.save_model(paths["f.txt"])
    cat.save_model(str(paths["g.cbm"]))
    paths["h.onnx"].write_bytes(to_onnx(scikit, X[:1]).SerializeToString())
    return paths


OPENERS = {
    "a.pkl": "pickle", "b.joblib": "joblib", "c.skops": "skops", "d.json": "xgboost", "e.ubj": "xgboost",
    "f.txt": "lightgbm", "g.cbm": "catboost", "h.onnx": "onnx",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", OPENERS)
def test_the_name_does_not_matter(kind, name, files, tmp_path):
    path = tmp_path / name
    shutil.copyfile(files[kind], path)
    assert read_model_file(path).opener == OPENERS[kind]
    if kind != "h.onnx":
        assert open_model(path).estimator.predict(X).shape == (80,)


def test_protocols_and_compression(tmp_path):
    model = LogisticRegression().fit(X, Y)
    for protocol in range(6):
        data = pickle.dumps(model, protocol)
        for packed in (data, gzip.compress(data), bz2.compress(data)):
            (tmp_path / "m").write_bytes(packed)
            assert read_model_file(tmp_path / "m").opener == "pickle"
            assert (open_model(tmp_path / "m").estimator.predict(X) == model.predict(X)).all()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model.pkl"))
    return buffer.getvalue()


def arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, a=X)
    return buffer.getvalue()


def array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, X)
    return buffer.getvalue()


FOREIGN = [
    ("m.pt", zipped("m/data.pkl", "m/version", "m/data/0"), "PyTorch", "torch.onnx.export"),
    ("m.bin", zipped("archive/data.pkl", "archive/code/x.py"), "PyTorch", "torch.onnx.export"),
    ("m.bin", pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2), "PyTorch", "torch.onnx.export"),
    ("m.pth", b"\x00junk", "PyTorch", "torch.onnx.export"),
    ("m.keras", zipped("config.json", "metadata.json", "model.weights.h5"), "Keras", "model.export('model.onnx'"),
    ("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(40), "Keras", "tf2onnx"),
    ("m.tflite", b"\x1c\0\0\0TFL3" + bytes(40), "TensorFlow Lite", "--tflite"),
    ("saved_model.pb", b"\x08\x01\x12\x03abc", "SavedModel", "--saved-model"),
    ("m.mlmodel", b"\x08\x04\x12\x03abc\x80\x25\x01", "Core ML", "joblib.dump"),
    ("m.pmml", b'<?xml version="1.0"?>\n<PMML xmlns="x">', "PMML", "joblib.dump"),
    ("m.xml", b'<?xml version="1.0"?>\n<PMML xmlns="x">', "PMML", "joblib.dump"),
    ("m.rds", gzip.compress(b"X\n\0\0\0\x03\0\x04\x03\0" + bytes(40)), "an R object, compressed", "xgb.save"),
    ("m.RData", gzip.compress(b"RDX3\nX\n\0\0\0\x03" + bytes(40)), "an R object", "xgb.save"),
    ("m.zip", zipped("model.ini", "domains/d000.txt"), "H2O", "scikit-learn"),
    ("m.zip", zipped("bundle.json"), "Spark", "onnxmltools"),
    ("m.zip", zipped("one/model.pkl"), "an archive", "Unpack it"),
    ("model.tar.gz", tarred(), "an archive, compressed", "Unpack it"),
    ("m.npz", arrays(), "arrays", "joblib.dump"),
    ("m.npy", array(), "arrays", "joblib.dump"),
    ("m.model", b"\xac\xed\0\x05sr", "Java", "scikit-learn"),
    ("m.bin", struct.pack("<ii", 793712314, 12), "fastText", "only text"),
    ("m.safetensors", safetensors.numpy.save({"w": X}), "safetensors", "Pass the trained model"),
    ("m.csv", b"a,b\n1,2\n", "a table, not a model", "--data"),
    ("m.parquet", b"PAR1" + bytes(20), "a table, not a model", "--data"),
    ("train.py", b"import sklearn\n", "a program", "writes"),
    ("m.pkl", b"<!DOCTYPE html>\n<html>", "a web page", "Download"),
    ("m.json", json.dumps([{"nodeid": 0, "split": "f0"}]).encode(), "an XGBoost dump", "save_model('model.ubj')"),
    ("m.txt", b"booster[0]:\n0:[f0<0.5] yes=1,no=2\n", "an XGBoost dump", "save_model('model.ubj')"),
    ("m.json", b'{"name": "tree", "tree_info": []}', "a LightGBM dump", "save_model('model.txt')"),
    ("m.json", b'{"features_info": {}, "oblivious_trees": []}', "a CatBoost model in JSON", "model.cbm"),
    ("m.pkl", b"PK\x03\x04" + b"x" * 40, "damaged or truncated", "Copy it again"),
    ("m.pkl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS", "git lfs pull --include m.pkl"),
    ("m.pkl", b"outs:\n- md5: 0\n  path: m.pkl\n", "DVC", "dvc pull m.pkl"),
    ("m", b"no magic at all", "not a known model file", "pickle.dump"),
    ("m.json.gz", gzip.compress(b'{"learner":{}}'), "a compressed xgboost file", "m.json."),
]  # fmt: skip


# The ids are the messages, because some of the bytes contain the current time.
@pytest.mark.parametrize(("name", "data", "said", "remedy"), FOREIGN, ids=[f"{one[0]}: {one[2]}" for one in FOREIGN])
def test_other_files_get_one_sentence_and_what_to_do(name, data, said, remedy, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        open_model(tmp_path / name)
    assert said in caught.value.problem
    assert "\n" not in caught.value.problem
    assert remedy in caught.value.remedy


def test_directories_of_other_libraries(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").write_bytes(b"x")
    for part in ("metadata", "stages"):
        (tmp_path / "spark" / part).mkdir(parents=True)
    for name, said in (("saved", "SavedModel"), ("spark", "Spark")):
        with pytest.raises(ModelFileError, match=said):
            open_model(tmp_path / name)


def test_the_old_binary_format_of_xgboost_is_named(tmp_path):
    """As `Booster.save_model("m.bst")` of XGBoost 1.7 to 2.0 begins: parameters, then the names of objective and booster."""
    data = struct.pack("<fII29I", 0.5, 3, 0, *[0] * 29) + struct.pack("<Q", 15) + b"binary:logistic"
    data += struct.pack("<Q", 6) + b"gbtree" + bytes(200)
    assert is_old_xgboost(data)
    (tmp_path / "m.bst").write_bytes(data)
    assert find_format(tmp_path / "m.bst", data).name == "xgboost"
    with pytest.raises(ModelFileError, match="old binary format") as caught:
        open_model(tmp_path / "m.bst")
    assert "XGBoost before 3.1" in caught.value.remedy


def test_the_runtime_opens_every_format_of_the_table() -> None:
    from iris_model.readers.formats import FORMATS, JOBLIB, ONNX
    from iris_model.runtime.executors.opening import OPENERS as of_the_runtime
    from iris_model.runtime.model import EXECUTORS

    assert set(of_the_runtime) == {*FORMATS, JOBLIB} - {ONNX}
    known = {suffix for name in ("pickle", ONNX) for suffix in FORMATS[name].suffixes}
    assert {suffix for suffix, executor in EXECUTORS if executor != "compiled"} == known


def test_a_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"a": 1}))
    file = read_model_file(tmp_path / "model.pkl")
    (tmp_path / "model.pkl").unlink()
    assert (file.format.name, file.opener, file.scan is not None) == ("pickle", "pickle", True)

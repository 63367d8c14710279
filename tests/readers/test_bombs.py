"""Small files that would become large: bounded by size and by ratio before the memory is taken."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import tracemalloc
import zipfile
import zlib

import pytest
from sklearn.linear_model import LinearRegression

from iris_model.errors import ModelFileError
from iris_model.readers import open_model, scan_pickle

COMPRESS = {"gzip": gzip.compress, "zlib": zlib.compress, "bz2": bz2.compress, "xz": lzma.compress}
LARGE = 400 << 20


def peak_of(act):
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name", ["gzip", pytest.param("zlib", marks=pytest.mark.slow), pytest.param("xz", marks=pytest.mark.slow)]
)
def test_compressed_zeros(name, tmp_path):
    path = tmp_path / "model.pkl"
    if name == "gzip":
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(bytes(LARGE))
    else:
        path.write_bytes(zlib.compress(bytes(LARGE), 1) if name == "zlib" else lzma.compress(bytes(LARGE), preset=0))

    def look():
        for act in (scan_pickle, open_model):
            with pytest.raises(ModelFileError, match=r"no model compresses so well|not plausible"):
                act(path)

    assert peak_of(look) < 250 << 20


@pytest.mark.parametrize("name", COMPRESS)
def test_models_still_open(name, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(COMPRESS[name](pickle.dumps(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]))))
    assert open_model(path).library == "scikit-learn"


def skops_file(schema, **more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", schema)
        for name, content in more.items():
            archive.writestr(name, content)
    return buffer.getvalue()


NODE = {
    "__class__": "LinearRegression",
    "__module__": "sklearn.linear_model._base",
    "__loader__": "ObjectNode",
    "content": [],
}


@pytest.mark.slow
def test_skops_bombs(tmp_path):
    path = tmp_path / "model.skops"
    for data in (
        skops_file(json.dumps({**NODE, "content": [[]] * 5_000_000})),
        skops_file(json.dumps(NODE), array=bytes(LARGE)),
        skops_file("[" * 900_000),
    ):
        path.write_bytes(data)

        def look(path=path):
            with pytest.raises(ModelFileError, match="skops file"):
                scan_pickle(path)

        assert peak_of(look) < 120 << 20


@pytest.mark.parametrize("loader", ["MethodNode", "OperatorFuncNode", "NewNode"])
def test_nodes_of_skops_that_call_something(loader, tmp_path):
    path = tmp_path / "model.skops"
    path.write_bytes(skops_file(json.dumps({**NODE, "content": {**NODE, "__loader__": loader}})))
    with pytest.raises(ModelFileError, match=loader):
        open_model(path)


def test_a_pickle_that_claims_more_than_it_has(tmp_path):
    for opcode in (b"\x8e", b"\x8d", b"\x96"):
        (tmp_path / "model.pkl").write_bytes(b"\x80\x05" + opcode + (1 << 60).to_bytes(8, "little") + b"x.")

        def look():
            with pytest.raises(ModelFileError, match="not a complete pickle"):
                scan_pickle(tmp_path / "model.pkl")

        assert peak_of(look) < 10 << 20

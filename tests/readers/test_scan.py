"""The scan names exactly the globals that an unpickler would ask for, and calls none."""

import io
import pickle

import joblib
import numpy as np
import pytest
from joblib.numpy_pickle import NumpyUnpickler
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.errors import ModelFileError
from iris_model.readers import open_model, scan_pickle
from iris_model.readers.pickled.compressed import inflate
from iris_model.readers.pickled.pickles import scan_bytes

X = np.random.RandomState(0).normal(size=(40, 3))
TEXTS = np.where(X[:, 0] > 0, "yes", "no")
MODELS = {
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(X, TEXTS),
    "forest": RandomForestClassifier(3, random_state=np.random.RandomState(1)).fit(X, TEXTS),
    "object labels": LogisticRegression().fit(X, TEXTS.astype(object)),
    "sgd": SGDClassifier(early_stopping=True).fit(X, TEXTS),
    "fortran order": np.asfortranarray(X),
    "object array": np.array(["a", None, {"b": 1}], dtype=object),
    "record array": np.zeros(3, dtype=[("a", "f8"), ("b", "i2")]),
}


def recording(unpickler_class):
    """Return a subclass of an unpickler that records the names that it loads."""

    class Recording(unpickler_class):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.asked = set()

        def find_class(self, module, name):
            self.asked.add((module, name))
            return super().find_class(module, name)

    return Recording


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", MODELS)
def test_scan_of_a_pickle_finds_what_the_unpickler_asks_for(name, protocol):
    data = pickle.dumps(MODELS[name], protocol)
    unpickler = recording(pickle._Unpickler)(io.BytesIO(data))
    unpickler.load()
    # The Python unpickler asks by today's names, protocols below 3 store those of Python 2.
    found = {({"__builtin__": "builtins", "copy_reg": "copyreg"}.get(m, m), n) for m, n in scan_bytes(data).globals}
    asked = {({"__builtin__": "builtins", "copy_reg": "copyreg"}.get(m, m), n) for m, n in unpickler.asked}
    assert found == asked


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_scan_of_a_joblib_file_finds_what_joblib_asks_for(name, compress, tmp_path):
    path = tmp_path / "model.joblib"
    joblib.dump(MODELS[name], path, compress=compress)
    data = inflate(path.read_bytes())
    unpickler = recording(NumpyUnpickler)("", io.BytesIO(data), True)
    unpickler.load()
    scan = scan_pickle(path)
    assert set(scan.globals) == unpickler.asked
    assert scan.is_joblib


def test_scan_finds_version_and_class():
    scan = scan_bytes(pickle.dumps(MODELS["pipeline"]))
    import sklearn

    assert scan.versions == {"scikit-learn": (sklearn.__version__,)}
    assert scan.class_name == "sklearn.pipeline.Pipeline"
    assert not scan.is_joblib


def test_class_is_found_in_every_protocol():
    for protocol in range(6):
        scan = scan_bytes(pickle.dumps(MODELS["forest"], protocol))
        assert scan.class_name == "sklearn.ensemble.RandomForestClassifier", protocol


@pytest.mark.parametrize("arguments", [b"\x88", b"N", b"K\x01", b"]", b"}", b"\x8c\x02ab", b"C\x02ab"])
@pytest.mark.parametrize("call", [b"R", b"\x81"])
@pytest.mark.parametrize("function", ["copyreg _reconstructor", "numpy dtype", "builtins bytearray", "_codecs encode"])
def test_arguments_that_are_no_tuple(function, call, arguments, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04c" + function.replace(" ", "\n").encode() + b"\n" + arguments + call + b".")
    for use in (scan_pickle, open_model):
        with pytest.raises(ModelFileError, match="the arguments of a call are not a tuple"):
            use(path)


@pytest.mark.parametrize("function", ["copyreg _reconstructor", "numpy dtype", "builtins bytearray", "_codecs encode"])
def test_arguments_that_a_call_computes(function, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04c" + function.replace(" ", "\n").encode() + b"\ncbuiltins\ntuple\n)RR.")
    with pytest.raises(ModelFileError):
        open_model(path)

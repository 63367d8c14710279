"""Hostile pickles: every way to name a global is found, and no code of the file runs."""

import io
import os
import pickle
import struct

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from iris_model.errors import UntrustedModel
from iris_model.readers import find_refused_globals, open_model


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


MARKER = "iris_model_marker"
CALL = text(MARKER) + b"\x85R."  # ("iris_model_marker",) REDUCE STOP

HOSTILE = {
    "GLOBAL": b"cos\nmkdir\n(S'" + MARKER.encode() + b"'\ntR.",
    "INST": b"(S'" + MARKER.encode() + b"'\nios\nmkdir\n.",
    "OBJ": b"(cos\nmkdir\nS'" + MARKER.encode() + b"'\no.",
    "STACK_GLOBAL": b"\x80\x04" + text("os") + text("mkdir") + b"\x93" + CALL,
    # The names come from the memo, from under a DUP, and with decoys pushed and popped in between.
    "memo": b"\x80\x04" + text("os") + b"\x94" + text("mkdir") + b"\x940" + b"0h\x00h\x01\x93" + CALL,
    "decoy": b"\x80\x04" + text("os") + text("mkdir") + text("numpy") + text("ndarray") + b"00\x93" + CALL,
    "pop mark": b"\x80\x04" + text("os") + text("mkdir") + b"(" + text("numpy") + text("dtype") + b"1\x93" + CALL,
    "dotted name": b"\x80\x04" + text("sklearn.base") + text("BaseEstimator.__init__.__globals__") + b"\x93.",
    "getattr": b"\x80\x04" + text("builtins") + text("getattr") + b"\x93.",
    "eval": b"c__builtin__\neval\n(S'1'\ntR.",
    "function of scikit-learn": b"csklearn.utils._testing\ncheck_subprocess_response\n.",
    "function in an estimator module": b"csklearn.pipeline\nmake_pipeline\n.",
    "module behind an estimator module": b"\x80\x04" + text("sklearn.svm._base.sys") + text("exit") + b"\x93.",
    "computed name": b"\x80\x04" + text("os") + text("mk") + text("dir") + b"\x86\x93" + CALL,
    "extension registry": b"\x80\x02\x82\x01.",
    "persistent id": b"\x80\x02K\x01Q.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickle_is_refused_by_name_and_does_not_run(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pkl").write_bytes(data)
    with pytest.raises(UntrustedModel) as caught:
        open_model("model.pkl")
    assert "Do not open this file unless you know who made it" in str(caught.value) or "--trust" in str(caught.value)
    assert "--trust builtins" not in str(caught.value)
    assert "--trust os" not in str(caught.value)
    assert not (tmp_path / MARKER).exists()


class Hostile:
    def __reduce__(self):
        return os.mkdir, (MARKER,)


@pytest.mark.parametrize("compress", [0, 3])
def test_hostile_object_inside_a_joblib_array_is_refused(compress, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    model.note_ = np.array([Hostile()], dtype=object)
    joblib.dump(model, "model.joblib", compress=compress)
    with pytest.raises(UntrustedModel, match=r"posix\.mkdir"):
        open_model("model.joblib")
    assert not (tmp_path / MARKER).exists()


def test_the_unpickler_asks_again_should_the_scan_be_fooled(tmp_path):
    from iris_model.readers.opening.open import find_global
    from iris_model.readers.pickled.building import build

    with pytest.raises(UntrustedModel, match=r"os\.mkdir"):
        build(HOSTILE["STACK_GLOBAL"], lambda module, name: find_global(module, name, ()), ())


def test_all_refused_names_at_once():
    names = [("os", "system"), ("numpy", "ndarray"), ("mine", "Model"), ("sklearn.svm._classes", "SVC")]
    assert find_refused_globals(names) == ["mine.Model", "os.system"]


def test_trust_takes_a_name_a_module_or_a_package():
    names = [("mine.models", "Model")]
    for trust in ("mine", "mine.models", "mine.models.Model"):
        assert find_refused_globals(names, [trust]) == []
    for trust in ("min", "mine.models.Mod", "models"):
        assert find_refused_globals(names, [trust]) == ["mine.models.Model"]


def test_trusted_class_of_a_user_module_opens(tmp_path, monkeypatch):
    (tmp_path / "flower_models.py").write_text("class Guess:\n    def predict(self, X):\n        return X\n")
    monkeypatch.syspath_prepend(tmp_path)
    import flower_models

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(flower_models.Guess()))
    with pytest.raises(UntrustedModel, match=r"flower_models\.Guess"):
        open_model(path)
    opened = open_model(path, trust=["flower_models"])
    assert (opened.class_name, opened.library) == ("flower_models.Guess", "")


def test_class_of_the_training_script_says_what_to_do(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"c__main__\nMyModel\n)\x81.")
    with pytest.raises(UntrustedModel) as caught:
        open_model(path, trust=["__main__"])
    assert "__main__.MyModel" in caught.value.problem
    assert "Move it into a module" in caught.value.remedy


def test_pickle_with_a_wrong_length_takes_no_memory(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x05\x8e" + struct.pack("<Q", 2**62) + b"short")
    from iris_model.errors import ModelFileError

    with pytest.raises(ModelFileError, match="not a complete pickle"):
        open_model(path)


def test_joblib_array_with_a_wrong_shape_is_refused(tmp_path):
    buffer = io.BytesIO()
    joblib.dump(np.zeros(1000), buffer)
    path = tmp_path / "model.joblib"
    path.write_bytes(buffer.getvalue().replace(b"M\xe8\x03", b"M\xff\xff"))
    from iris_model.errors import ModelFileError

    with pytest.raises(ModelFileError, match="runs over the end"):
        open_model(path)


def test_imports_of_an_estimator_module_are_not_trusted(tmp_path):
    # A module also holds the classes that it imported from elsewhere; these are found out when they are looked up.
    data = b"\x80\x04" + text("sklearn.tree._export") + text("StringIO") + b"\x93."
    (tmp_path / "m.pkl").write_bytes(data)
    with pytest.raises(UntrustedModel, match="not defined in that module"):
        open_model(tmp_path / "m.pkl")


@pytest.mark.parametrize(
    "name",
    [
        # These rebuild an object by importing any module that the pickle names.
        ("numpy.core", "_ufunc_reconstruct"),
        ("joblib.externals.cloudpickle.cloudpickle", "subimport"),
        ("cloudpickle.cloudpickle", "_make_function"),
        # Lower down in the modules of which a few names are known.
        ("numpy", "fromfile"),
        ("numpy", "load"),
        ("lightgbm.basic", "NamedTemporaryFile"),
        ("xgboost.core", "DMatrix"),
        ("sklearn.metrics._scorer", "get_scorer"),
        ("sklearn.utils._testing", "TempMemmap"),
        ("pandas.io.pickle", "read_pickle"),
        ("pandas", "eval"),
    ],
)
def test_names_other_than_the_known_ones_stay_refused(name):
    assert find_refused_globals([name]) == [".".join(name)]


def test_trusting_pandas_trusts_its_pyarrow_strings() -> None:
    """pandas 3 keeps texts in arrays of pyarrow where pyarrow is installed; no other name of pyarrow comes with them."""
    restoring = [("pyarrow.lib", name) for name in ("_restore_array", "chunked_array", "py_buffer", "type_for_alias")]
    assert find_refused_globals(restoring, ["pandas"]) == []
    # The others rebuild the labels of an index, which is checked: test_pandas_labels.py.
    assert find_refused_globals(restoring) == ["pyarrow.lib.chunked_array"]
    assert find_refused_globals([("pyarrow", "OSFile"), ("pyarrow.lib", "memory_map")], ["pandas"]) == [
        "pyarrow.OSFile",
        "pyarrow.lib.memory_map",
    ]

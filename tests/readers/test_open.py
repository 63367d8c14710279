"""Model files as users have them, whole and broken: one clear error each."""

import gzip
import hashlib
import pickle

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.errors import ModelFileError
from iris_model.readers import open_model

X = np.random.RandomState(0).normal(size=(40, 3))
MODEL = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
PICKLE = pickle.dumps(MODEL)


def write(tmp_path, data, name="model.pkl"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def assert_opens(path):
    opened = open_model(path)
    assert (opened.estimator.predict(X) == MODEL.predict(X)).all()
    assert opened.library == "scikit-learn"
    assert opened.version == sklearn.__version__
    assert opened.class_name == "sklearn.pipeline.Pipeline"
    assert opened.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_opens(tmp_path, protocol):
    assert_opens(write(tmp_path, pickle.dumps(MODEL, protocol)))


def test_gzipped_pickle_opens(tmp_path):
    assert_opens(write(tmp_path, gzip.compress(PICKLE), "model.pickle"))


@pytest.mark.parametrize("compress", [0, 3, "bz2", "xz"])
def test_joblib_file_opens(tmp_path, compress):
    joblib.dump(MODEL, tmp_path / "model.joblib", compress=compress)
    assert_opens(tmp_path / "model.joblib")


def test_a_name_that_says_nothing_is_no_matter(tmp_path):
    for name in ("model.joblib.gz", "model.sav", "model", "model.bin", "model.pickle.gz"):
        joblib.dump(MODEL, tmp_path / name, compress=3)
        assert_opens(tmp_path / name)
    assert_opens(write(tmp_path, PICKLE, "model.bin"))


def test_a_module_that_is_not_here_is_no_matter_of_versions(tmp_path):
    class_of_nowhere = b"cnowhere_at_all.steps\nScale\n(tR."
    with pytest.raises(ModelFileError) as caught:
        open_model(write(tmp_path, class_of_nowhere), trust=["nowhere_at_all.steps.Scale"])
    assert "Make the module nowhere_at_all importable here" in caught.value.remedy


def test_a_system_library_that_is_not_here_is_named(tmp_path, monkeypatch):
    (tmp_path / "lame.py").write_text("raise OSError('libgomp.so.1: cannot open shared object file: No such file')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelFileError) as caught:
        open_model(write(tmp_path, b"clame\nScale\n(tR."), trust=["lame.Scale"])
    assert "libgomp1" in caught.value.remedy


def refusal(path):
    with pytest.raises(ModelFileError) as caught:
        open_model(path)
    assert str(path) in caught.value.problem or "lz4" in caught.value.problem
    assert caught.value.remedy
    return str(caught.value)


def test_missing_file(tmp_path):
    assert "no model file" in refusal(tmp_path / "model.pkl")


def test_directory(tmp_path):
    (tmp_path / "model.pkl").mkdir()
    assert "without a file MLmodel" in refusal(tmp_path / "model.pkl")


def test_empty_file(tmp_path):
    assert "is empty (0 bytes)" in refusal(write(tmp_path, b""))


@pytest.mark.parametrize("data", [b"\x00" * 64, "Fußnote\n".encode()])
def test_not_a_pickle(tmp_path, data):
    assert "is not a complete pickle" in refusal(write(tmp_path, data))


def test_truncated_anywhere(tmp_path):
    for length in range(1, len(PICKLE), 97):
        assert "is not a complete pickle" in refusal(write(tmp_path, PICKLE[:length]))


def test_truncated_joblib_file(tmp_path):
    joblib.dump(MODEL, tmp_path / "model.joblib")
    data = (tmp_path / "model.joblib").read_bytes()
    for length in range(1, len(data), 97):
        assert "is not a complete pickle" in refusal(write(tmp_path, data[:length], "model.joblib"))


def test_truncated_compression(tmp_path):
    path = write(tmp_path, gzip.compress(PICKLE)[:-20])
    with pytest.raises(ModelFileError, match="looks like gzip but cannot be decompressed"):
        open_model(path)


def test_copied_in_text_mode(tmp_path):
    assert refusal(write(tmp_path, PICKLE.replace(b"\n", b"\r\n").decode("latin-1").encode("utf-8")))


def test_other_version_says_which_to_install(tmp_path):
    data = PICKLE.replace(sklearn.__version__.encode(), b"1.4.2"[: len(sklearn.__version__)])
    text = refusal(write(tmp_path, data))
    assert "was saved by scikit-learn 1.4.2" in text
    assert "pip install scikit-learn==1.4.2" in text


def test_class_that_this_version_lacks(tmp_path):
    data = PICKLE.replace(b"StandardScaler", b"StandardScalar")
    assert "StandardScalar" in refusal(write(tmp_path, data))

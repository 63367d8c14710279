"""A pickle of another version: one sentence with the version to install, before any name in it is judged."""

import json
import pickle
import struct

import lightgbm
import numpy as np
import pytest
import sklearn
import xgboost
from sklearn.linear_model import LogisticRegression

from iris_model.errors import ModelFileError
from iris_model.readers import open_model, scan_pickle
from iris_model.readers.pickled.booster_versions import find_lightgbm_version, find_xgboost_version
from iris_model.readers.pickled.versions import describe_versions, is_version, pin

RANDOM = np.random.RandomState(0)
ROWS = RANDOM.normal(size=(60, 3))
LABELS = (ROWS[:, 0] > 0).astype(int)


def refusal(path, data):
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        open_model(path)
    return str(caught.value)


def test_the_version_comes_before_the_names(tmp_path):
    data = pickle.dumps(LogisticRegression().fit(ROWS, LABELS))
    older = data.replace(sklearn.__version__.encode(), b"1.5.2").replace(b"LogisticRegression", b"NoSuchNameOfSklear")
    said = refusal(tmp_path / "m.pkl", older)
    assert "was saved by scikit-learn 1.5.2" in said
    assert "pip install scikit-learn==1.5.2" in said
    assert "--trust" not in said


@pytest.mark.parametrize("protocol", range(6))
def test_xgboost_of_another_version(protocol, tmp_path):
    model = xgboost.XGBClassifier(n_estimators=2).fit(ROWS, LABELS)
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model, protocol))
    assert scan_pickle(path).versions["xgboost"] == (xgboost.__version__,)
    assert open_model(path).version == xgboost.__version__
    major, minor, patch = (int(part) for part in xgboost.__version__.split(".")[:3])
    booster = model.get_booster().__getstate__()["handle"]
    here, other = (b"\x03i%ci%ci%c" % numbers for numbers in ((major, minor, patch), (2, 0, 3)))
    changed = bytearray(bytes(booster).replace(here, other))

    class Older(xgboost.Booster):
        def __getstate__(self):
            return {"handle": changed}

    model._Booster.__class__ = Older
    Older.__module__, Older.__qualname__, Older.__name__ = "xgboost.core", "Booster", "Booster"
    genuine, xgboost.core.Booster = xgboost.core.Booster, Older
    try:
        data = pickle.dumps(model, protocol)
    finally:
        xgboost.core.Booster = genuine
    said = refusal(path, data)
    assert "was saved by xgboost 2.0.3" in said
    assert "pip install xgboost==2.0.3" in said


def test_versions_of_xgboost_as_it_writes_them():
    text = json.dumps({"version": [1, 7, 6]}).encode()
    assert find_xgboost_version(b"", text) == "1.7.6"
    large = b"version[#L" + struct.pack(">q", 3) + b"i\x03i\x01I\x01\x00"
    assert find_xgboost_version(large, b"") == "3.1.256"
    assert find_xgboost_version(b"binf", b"") is None


def test_lightgbm_says_which_versions_wrote_it(tmp_path):
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, LABELS)
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(model))
    (found,) = scan_pickle(path).versions["lightgbm"]
    assert is_version(lightgbm.__version__, found)
    assert open_model(path).library == "lightgbm"


# Names of parameters in the text that each version writes; the newest name identifies the version.
PARAMETERS = {
    "3.3.5": (),
    "4.0.0": ("parser_config_file",),
    "4.1.0": ("parser_config_file", "lambdarank_position_bias_regularization"),
    "4.3.0": ("lambdarank_position_bias_regularization", "data_sample_strategy"),
    "4.5.0": ("data_sample_strategy", "early_stopping_min_delta"),
    "4.6.0": ("early_stopping_min_delta", "bagging_by_query"),
    "4.7.0": ("bagging_by_query", "gpu_device_id_list"),
}


@pytest.mark.parametrize("version", PARAMETERS)
def test_the_version_of_lightgbm_is_found_by_the_parameters_in_the_file(version):
    text = "tree\nversion=v4\n\nparameters:\n[boosting: gbdt]\n" + "".join(
        f"[{name}: 0]\n" for name in PARAMETERS[version]
    )
    found = find_lightgbm_version(text, set())
    assert [other for other in PARAMETERS if is_version(other, found)] == [version]
    assert pin("lightgbm", found) in (f"lightgbm=={version}", '"lightgbm>=4.7.0"')
    assert version in describe_versions(found)


def test_a_text_without_parameters_says_nothing():
    assert find_lightgbm_version("tree\nversion=v4\n", set()) is None


def test_one_installation_for_all_libraries_of_a_file(tmp_path):
    data = pickle.dumps(lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, LABELS))
    for here, older in (
        (sklearn.__version__.encode(), b"1.5.2"),
        (b"gpu_device_id_list", b"gpu_device_id_lisd"),
        (b"_fitted_with_feature_names", b"_fitted_with_feature_namez"),
    ):
        data = data.replace(here, older)
    said = refusal(tmp_path / "m.pkl", data)
    assert "was saved by scikit-learn 1.5.2, and" in said or "; by scikit-learn 1.5.2, and" in said
    assert "pip install scikit-learn==1.5.2 lightgbm==4.6.0" in said

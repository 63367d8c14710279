"""JSON that is no model is not taken for one."""

import json

import numpy as np
import pytest
import xgboost

from iris_model.errors import ModelFileError
from iris_model.readers import open_model
from iris_model.readers.formats import FORMATS, XGBOOST, find_format


@pytest.mark.parametrize("content", [{"a": 1}, [1, 2], {}, {"name": "package", "version": "1.0"}])
def test_other_json(content, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match=r"other\.json is JSON, but not a model") as caught:
        open_model(path)
    assert "booster.save_model" in caught.value.remedy


def test_a_booster_with_reordered_keys_is_recognized(tmp_path):
    path = tmp_path / "model.json"
    booster = xgboost.train({}, xgboost.DMatrix(np.eye(4), label=np.arange(4)), 2)
    booster.save_model(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({"version": content["version"], "learner": content["learner"]}, indent=1))
    assert find_format(path, path.read_bytes()) is FORMATS[XGBOOST]
    for name in ("model.ubj", "model.json"):
        booster.save_model(tmp_path / name)
        assert find_format(tmp_path / name, (tmp_path / name).read_bytes()) is FORMATS[XGBOOST]

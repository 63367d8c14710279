"""The hint for a model that was never fitted is to fit it, not to give rows."""

import pickle

import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.errors import UnsupportedModel
from iris_model.project.configuration.settings import parse_settings
from iris_model.project.packaging.executors import choose_executable

MODELS = {"alone": Ridge(), "in a pipeline": make_pipeline(StandardScaler(), RandomForestRegressor())}


@pytest.mark.parametrize("name", MODELS)
def test_the_hint_is_to_fit(name, tmp_path):
    with pytest.raises(UnsupportedModel, match="it is not fitted; call fit before saving it") as caught:
        compile_model(MODELS[name])
    assert caught.value.remedy == "Call fit on the model, then save it again."
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(MODELS[name]))
    with pytest.raises(UnsupportedModel, match="it is not fitted; call fit before saving it") as caught:
        choose_executable(parse_settings({"name": "n", "model": "m.pkl"}, tmp_path))
    assert caught.value.remedy == "Call fit on the model, then save it again."
    assert "which columns" not in caught.value.problem

"""A value that a scaler makes too large for float32 is refused by its row."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iris_model.compiler import compile_model
from iris_model.engine import CompiledModel, InvalidInput


@pytest.mark.parametrize("count", [2, 100])
def test_the_row_is_named(count, tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 2)) * 1e-3
    model = make_pipeline(StandardScaler(), RandomForestRegressor(3, random_state=0)).fit(x, x[:, 0])
    (tmp_path / "m.safetensors").write_bytes(compile_model(model).data)
    rows = [[0.0, 0.0] for _ in range(count)]
    rows[1] = [1e37, 0.0]
    with pytest.raises(ValueError, match="float32"):
        model.predict(np.array(rows))
    with pytest.raises(InvalidInput, match=r"^row 1: .*does not fit float32") as caught:
        CompiledModel(str(tmp_path / "m.safetensors")).predict(rows)
    assert caught.value.row == 1

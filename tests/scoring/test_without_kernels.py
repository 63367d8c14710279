"""An installation without a C compiler has no kernels: the Python API answers in Python."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from importlib.abc import MetaPathFinder


class Hides(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "iris_model.engine._kernels":
            raise ImportError("it was not built")


sys.meta_path.insert(0, Hides())
import numpy as np
from sklearn.linear_model import LogisticRegression

import iris_model
import iris_model.runtime.payloads.packed
import iris_model.runtime.payloads.packed_answers
import iris_model.table_io.encoding

rows = np.arange(80.0).reshape(40, 2)
original = LogisticRegression().fit(rows, [0, 1] * 20)
model = iris_model.compile(original, data=rows)
many = np.repeat(rows, 20, axis=0)
for cells in (many, many.astype(np.longdouble)):
    assert (model.predict(cells[:3]) == original.predict(many[:3])).all()
    assert (model.predict(cells) == original.predict(many)).all()
    assert np.abs(model.predict_proba(cells) - original.predict_proba(many)).max() < 1e-12
assert "iris_model.engine._kernels" not in sys.modules
"""


def test_a_model_is_compiled_and_asked_without_kernels() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

"""Ill-conditioned rows, on which the original is not reproducible, are left out and counted; no other rows are."""

import dataclasses
import warnings

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from iris_model.compiler import compile_model
from iris_model.compiler.emit import emit
from iris_model.compiler.original import Original
from iris_model.compiler.parity.conditioning import find_excess
from iris_model.compiler.parity.verify import verify
from iris_model.compiler.probes.rows import VerificationRows
from iris_model.engine import load
from iris_model.errors import ParityError
from iris_model.readers import read_estimator

random = np.random.RandomState(0)
X = random.normal(size=(80, 4))
Y = random.randint(0, 3, 80)


def test_far_rows_whose_decisions_are_noise_are_counted():
    constant = X.copy()
    constant[:, 2] = 1e5
    compilation = compile_model(SVC(kernel="poly").fit(constant, Y))
    assert 0 < compilation.report.ill_conditioned <= compilation.report.rows["extreme"]
    assert "rows are ill-conditioned" in str(compilation.report)
    assert not any(entry["row"] in compilation.report.left_out for entry in compilation.golden)


@pytest.mark.slow
def test_a_model_that_is_noise_everywhere_is_refused():
    with (
        warnings.catch_warnings(),
        pytest.raises(ParityError, match=r"of 5\d\d of 640 rows that were generated or given"),
    ):
        warnings.simplefilter("ignore")
        compile_model(KernelRidge(kernel="poly", degree=5).fit(X * [1e6, 1, 1, 1], Y))


def _verify(estimator, rows, tmp_path, op, **tensors):
    graph = read_estimator(estimator)
    nodes = [
        dataclasses.replace(node, tensors=node.tensors | tensors) if node.op == op else node for node in graph.nodes
    ]
    graph = dataclasses.replace(graph, nodes=tuple(nodes))
    path = tmp_path / "model.safetensors"
    path.write_bytes(emit(graph, {}))
    rows = VerificationRows({"extreme": rows}, rows, 0, 0)
    return verify(load(str(path)), Original(estimator, graph.signature), graph, rows)


def test_a_wrong_answer_is_not_excused_by_noise_that_is_smaller(tmp_path):
    model = LinearRegression().fit(X, X @ [1.0, 1.0, 1.0, 1.0])
    coefficients = model.coef_.reshape(1, -1)
    far = [1e9, -1e9, 1.0, 1.0]
    # Cells of 1e9 in the 15th digit: the sum, about 2, is only known to 1e-6.
    assert _verify(model, [far] * 3, tmp_path, "linear", coefficients=coefficients).row_count == 3
    wrong = coefficients * [1.0, 1.0, 1.001, 1.0]
    with pytest.raises(ParityError):
        _verify(model, [far] * 3, tmp_path, "linear", coefficients=wrong)


def test_a_step_is_never_excused(tmp_path):
    tree = DecisionTreeRegressor(max_depth=1).fit(X, X[:, 0])
    threshold = float(tree.tree_.threshold[0])
    last_left = np.float32(threshold)
    if float(last_left) > threshold:
        last_left = np.nextafter(last_left, np.float32(-np.inf))
    row = [0.0] * 4
    row[tree.tree_.feature[0]] = float(last_left)
    wrong = np.array([float(np.nextafter(last_left, np.float32(-np.inf))), 0.0, 0.0])
    with pytest.raises(ParityError):
        _verify(tree, [row, [*row]], tmp_path, "tree_ensemble", threshold=wrong)


def test_how_many_may_be_left_out():
    assert find_excess({"uniform": 6}, {"uniform": 512, "missing": 88, "extreme": 40}) is None
    assert find_excess({"uniform": 7}, {"uniform": 512, "missing": 88}) == "7 of 600 rows that were generated or given"
    assert find_excess({"extreme": 20}, {"uniform": 512, "extreme": 40}) is None
    assert find_excess({"extreme": 21}, {"extreme": 40}) == "21 of 40 rows far outside of training"

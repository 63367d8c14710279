"""A compiled model that differs from the original anywhere is refused, with row, outputs and operator."""

import dataclasses

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from iris_model.compiler.emit import emit
from iris_model.compiler.original import Original
from iris_model.compiler.parity.comparing import largest_difference
from iris_model.compiler.parity.verify import verify
from iris_model.compiler.probes.rows import make_rows
from iris_model.engine import load
from iris_model.errors import ParityError
from iris_model.readers import read_estimator

X = np.random.RandomState(0).normal(size=(80, 3))
LABELS = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
TREE = DecisionTreeClassifier(random_state=0).fit(X, LABELS)
LOGISTIC = LogisticRegression().fit(X, LABELS)


def change(graph, op, **changes):
    """The same graph, with attributes or tensors of one operator changed."""
    nodes = []
    for node in graph.nodes:
        if node.op == op:
            attributes = {key: changes.get(key, value) for key, value in node.attributes.items()}
            tensors = {key: changes.get(key, value) for key, value in node.tensors.items()}
            node = dataclasses.replace(node, attributes=attributes, tensors=tensors)
        nodes.append(node)
    return dataclasses.replace(graph, nodes=tuple(nodes))


def tensor_of(graph, op, name):
    return next(node.tensors[name] for node in graph.nodes if node.op == op).copy()


def run(graph, estimator, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(emit(graph, {}))
    return verify(load(str(path)), Original(estimator), graph, make_rows(read_estimator(estimator), []))


def test_sound_model_passes(tmp_path):
    report = run(read_estimator(TREE), TREE, tmp_path)
    assert report.largest_difference == 0.0
    assert report.thresholds == report.thresholds_total == (TREE.tree_.feature >= 0).sum()


@pytest.mark.parametrize("direction", [-np.inf, np.inf])
def test_every_threshold_off_by_one_float32_step_is_caught(tmp_path, direction):
    # A regressor, because each leaf has its own value: a wrong leaf is always visible.
    tree = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, X @ [1.0, 2.0, 3.0])
    graph = read_estimator(tree)
    thresholds = tensor_of(graph, "tree_ensemble", "threshold")
    for node in np.flatnonzero(tree.tree_.feature >= 0):
        # The last float32 that goes left: half-way thresholds may round to the first that goes right.
        last_left = np.float32(thresholds[node])
        if last_left > thresholds[node]:
            last_left = np.nextafter(last_left, np.float32(-np.inf))
        wrong = thresholds.copy()
        wrong[node] = np.nextafter(last_left, np.float32(direction))
        with pytest.raises(ParityError, match="tree_ensemble"):
            run(change(graph, "tree_ensemble", threshold=wrong), tree, tmp_path)


def test_a_tree_that_compares_in_float64_fails_the_verification(tmp_path):
    with pytest.raises(ParityError):
        run(change(read_estimator(TREE), "tree_ensemble", narrow=False), TREE, tmp_path)


def test_missing_values_sent_the_other_way_are_caught(tmp_path):
    graph = read_estimator(TREE)
    missing_left = tensor_of(graph, "tree_ensemble", "missing_left")
    with pytest.raises(ParityError, match="None"):
        run(change(graph, "tree_ensemble", missing_left=1 - missing_left), TREE, tmp_path)


def test_error_names_row_outputs_and_operators(tmp_path):
    graph = change(read_estimator(TREE), "argmax_label", classes=["a", "c", "b"])
    with pytest.raises(ParityError) as caught:
        run(graph, TREE, tmp_path)
    problem = caught.value.problem
    assert problem.startswith("predict of the row [")
    assert "when compiled; the original answers '" in problem
    assert problem.endswith("tree_ensemble -> argmax_label")
    assert "Nothing was written" in caught.value.remedy


@pytest.mark.parametrize(
    "classes",
    [
        [0.0, 1.0],
        pytest.param([False, True], marks=pytest.mark.slow),
        pytest.param(["0", "1"], marks=pytest.mark.slow),
    ],
)
def test_a_label_of_another_type_fails_the_verification(classes, tmp_path):
    model = DecisionTreeClassifier().fit(X, (X[:, 0] > 0).astype(int))
    with pytest.raises(ParityError):
        run(change(read_estimator(model), "argmax_label", classes=classes), model, tmp_path)


def test_coefficient_off_by_a_millionth_is_caught(tmp_path):
    graph = read_estimator(LOGISTIC)
    wrong = tensor_of(graph, "linear", "coefficients")
    wrong[1, 2] *= 1 + 1e-6
    with pytest.raises(ParityError, match="linear"):
        run(change(graph, "linear", coefficients=wrong), LOGISTIC, tmp_path)


def test_mean_of_a_forest_taken_as_a_sum_is_caught(tmp_path):
    forest = RandomForestClassifier(3, random_state=0).fit(X, LABELS)
    with pytest.raises(ParityError, match="predict_proba"):
        run(change(read_estimator(forest), "tree_ensemble", combine="sum"), forest, tmp_path)


def test_clip_forgotten_is_caught(tmp_path):
    scaler = MinMaxScaler(clip=True).fit(X)
    with pytest.raises(ParityError, match="min_max_scale"):
        run(change(read_estimator(scaler), "min_max_scale", clip=None), scaler, tmp_path)


def test_column_table_instead_of_flat_column_is_caught(tmp_path):
    model = LinearRegression().fit(X, X[:, 0])
    graph = read_estimator(model)
    graph = dataclasses.replace(graph, nodes=graph.nodes[:1], outputs={"predict": "linear"})
    with pytest.raises(ParityError, match="predict"):
        run(graph, model, tmp_path)


def test_row_that_only_the_engine_refuses_is_caught(tmp_path):
    scaler = StandardScaler().fit(X)
    graph = read_estimator(scaler)
    strict = [{**column, "missing": False} for column in graph.signature["columns"]]
    graph = dataclasses.replace(graph, signature={**graph.signature, "columns": strict})
    with pytest.raises(ParityError, match="a refusal"):
        run(graph, scaler, tmp_path)


def test_largest_difference():
    assert largest_difference([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert largest_difference([1.0 + 1e-8], [1.0]) == pytest.approx(1e-8, rel=1e-2)
    # A difference of large numbers: the small one may be off by a part of the large one.
    assert largest_difference([1e6, 1e-7], [1e6, 2e-7]) < 1e-9
    assert largest_difference([0.0], [1e-300]) > 0.5
    # scipy's expit(-738.2) is 0, and exp(-738.2) is not.
    assert largest_difference([0.0, 2.56e-321], [0.0, 0.0]) == 0.0
    assert largest_difference([float("nan")], [float("nan")]) == 0.0
    assert largest_difference([float("nan")], [1.0]) == float("inf")
    assert largest_difference([float("inf")], [float("-inf")]) == float("inf")

"""From estimators to graphs: the signature, and every reason for a refusal at once."""

import numpy as np
import pytest
from sklearn.decomposition import DictionaryLearning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from iris_model.errors import UnsupportedModel
from iris_model.readers import read_estimator
from iris_model.readers.sklearn.trees import preorder

X = np.random.RandomState(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def columns_of(estimator, key, names=None):
    return [column[key] for column in read_estimator(estimator, names).signature["columns"]]


def test_every_reason_at_once():
    model = make_pipeline(
        DictionaryLearning(2, max_iter=2, transform_algorithm="lasso_lars"), StandardScaler(), BernoulliRBM(2, n_iter=1)
    ).fit(X, Y)
    with pytest.raises(UnsupportedModel) as caught:
        read_estimator(model)
    assert len(caught.value.reasons) == 2
    assert "DictionaryLearning: transform_algorithm" in caught.value.reasons[0]
    assert "sklearn.neural_network.BernoulliRBM" in caught.value.reasons[1]
    for way_out in ("original", "onnx", "reader"):
        assert way_out in caught.value.remedy


def test_not_fitted():
    with pytest.raises(UnsupportedModel, match="not fitted"):
        read_estimator(make_pipeline(StandardScaler(), LogisticRegression()))


def test_subclass_may_compute_something_else():
    class Halved(LinearRegression):
        def predict(self, X):
            return super().predict(X) / 2

    with pytest.raises(UnsupportedModel, match=r"derives from sklearn\.linear_model\.LinearRegression"):
        read_estimator(Halved().fit(X, Y))


@pytest.mark.parametrize("thing", [object(), {"model": 1}, 3])
def test_no_estimator_at_all(thing):
    with pytest.raises(UnsupportedModel, match="no converter supports this class"):
        read_estimator(thing)


def test_labels_that_json_cannot_carry():
    days = np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")
    model = DecisionTreeClassifier().fit(X, (X[:, 0] > 0).astype(int))
    model.classes_ = days
    with pytest.raises(UnsupportedModel, match="is a date"):
        read_estimator(model)


def test_names_of_training_override_given_names():
    model = LinearRegression().fit(X, Y)
    assert columns_of(model, "name") == ["x0", "x1", "x2"]
    assert columns_of(model, "name", ["a", "b", "c"]) == ["a", "b", "c"]
    assert not read_estimator(model, ["a", "b", "c"]).signature["named"]
    model.feature_names_in_ = np.array(["p", "q", "r"], dtype=object)
    assert columns_of(model, "name", ["a", "b", "c"]) == ["p", "q", "r"]
    assert read_estimator(model).signature["named"]


def test_missing_is_what_every_step_takes():
    tree = DecisionTreeClassifier()
    assert columns_of(tree.fit(X, Y), "missing") == [True] * 3
    assert columns_of(make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(X, Y), "missing") == [True] * 3
    assert columns_of(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), "missing") == [False] * 3
    constrained = DecisionTreeRegressor(criterion="absolute_error").fit(X, Y)
    takes_nan = True
    try:
        constrained.predict([[np.nan] * 3])
    except ValueError:
        takes_nan = False
    assert columns_of(constrained, "missing") == [takes_nan] * 3


def test_dtype_says_what_the_model_narrows_first():
    assert columns_of(DecisionTreeClassifier().fit(X, Y), "dtype") == ["float32"] * 3
    assert columns_of(make_pipeline("passthrough", DecisionTreeClassifier()).fit(X, Y), "dtype") == ["float32"] * 3
    assert columns_of(make_pipeline(StandardScaler(), DecisionTreeClassifier()).fit(X, Y), "dtype") == ["float64"] * 3


def test_preorder_of_a_tree_grown_best_first():
    tree = DecisionTreeRegressor(max_leaf_nodes=25).fit(X, X[:, 2]).tree_
    order = preorder(tree.children_left, tree.children_right)
    assert not np.array_equal(order, np.arange(tree.node_count))

    def walk(node):
        yield node
        if tree.children_left[node] >= 0:
            yield from walk(tree.children_left[node])
            yield from walk(tree.children_right[node])

    assert order.tolist() == list(walk(0))


def test_same_model_gives_the_same_names():
    graph = read_estimator(make_pipeline(StandardScaler(), StandardScaler(), LogisticRegression()).fit(X, Y))
    assert [node.output for node in graph.nodes][:3] == ["scale", "scale_2", "linear"]

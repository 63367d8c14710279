"""The generated rows reach each threshold, also through scalers, and cover all legal values."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from iris_model.compiler import compile_model
from iris_model.compiler.passes import drop_unused
from iris_model.compiler.probes import thresholds
from iris_model.compiler.probes.ranges import DEFAULT, find_ranges
from iris_model.compiler.probes.rows import make_rows
from iris_model.readers import Graph, Node, read_estimator

X = np.random.RandomState(0).normal(loc=(5, -3, 100), scale=(1, 2, 30), size=(150, 3))
Y = (X[:, 0] > 5).astype(int) + (X[:, 1] > -3)


def rows_of(estimator, data=()):
    return make_rows(read_estimator(estimator), data)


def test_thresholds_behind_a_projection_are_left_to_the_search_behind_transforms():
    forest = make_pipeline(PCA(2), RandomForestClassifier(3, random_state=0)).fit(X, Y)
    rows = make_rows(read_estimator(forest), [])
    assert (rows.thresholds, rows.thresholds_total) == (0, 0)
    splits = sum(int((tree.tree_.feature >= 0).sum()) for tree in forest[-1].estimators_)
    report = compile_model(forest, data=X.tolist()).report
    assert report.thresholds_tried == report.thresholds_total == splits
    assert report.thresholds_are_met and report.thresholds > 0.9 * splits


def test_threshold_rows_reach_both_sides_of_every_node():
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    rows = rows_of(tree)
    inner = np.flatnonzero(tree.tree_.feature >= 0)
    assert rows.thresholds == rows.thresholds_total == len(inner)
    visited = tree.decision_path(np.array(rows.by_kind["threshold"])).toarray()
    for node in inner:
        assert visited[:, tree.tree_.children_left[node]].any()
        assert visited[:, tree.tree_.children_right[node]].any()
        exact = np.array(rows.by_kind["threshold"])[:, tree.tree_.feature[node]] == tree.tree_.threshold[node]
        assert visited[exact, node].any()


def test_thresholds_behind_scalers_are_reached():
    model = make_pipeline(StandardScaler(), MinMaxScaler((-2, 5)), DecisionTreeClassifier(random_state=0)).fit(X, Y)
    rows = rows_of(model)
    tree = model[-1]
    scaled = model[:-1].transform(np.array(rows.by_kind["threshold"]))
    visited = tree.decision_path(scaled).toarray()
    assert visited.any(axis=0).all()


def test_large_forests_are_sampled():
    forest = RandomForestClassifier(150, random_state=0).fit(X, np.random.RandomState(1).randint(0, 2, len(X)))
    rows = rows_of(forest)
    assert 0 < rows.thresholds < rows.thresholds_total
    assert len(rows.by_kind["threshold"]) < 5000


def test_ranges_come_from_data_or_else_from_training():
    linear = read_estimator(LinearRegression().fit(X, Y))
    assert find_ranges(linear, []).tolist() == [list(DEFAULT)] * 3
    assert find_ranges(linear, [[1.0, 2.0, None], [3.0, 2.0, None]]).tolist() == [[1, 3], [1, 3], list(DEFAULT)]
    for estimator in (StandardScaler(), MinMaxScaler(), DecisionTreeClassifier()):
        ranges = find_ranges(read_estimator(estimator.fit(X, Y)), [])
        assert (ranges[0, 0] < 5 < ranges[0, 1]) and (ranges[0] < 20).all(), estimator


def test_missing_cells_only_where_they_are_legal():
    assert "missing" not in rows_of(LinearRegression().fit(X, Y)).by_kind
    missing = rows_of(DecisionTreeClassifier().fit(X, Y)).by_kind["missing"]
    assert [None, None, None] in missing
    assert {sum(cell is None for cell in row) for row in missing} >= {1, 2, 3}


def test_given_rows_are_tried_and_typical():
    rows = rows_of(LinearRegression().fit(X, Y), [[1.0, 2.0, 3.0]])
    assert rows.by_kind["given"] == rows.typical == [[1.0, 2.0, 3.0]]


def test_same_rows_each_time():
    model = DecisionTreeClassifier(random_state=0).fit(X, Y)
    assert rows_of(model) == rows_of(model)


def test_unused_nodes_are_dropped():
    used = Node("column", ("rows",), "a", {"index": 0})
    unused = Node("expit", ("rows",), "b")
    only_for_unused = Node("softmax", ("b",), "c")
    graph = Graph((unused, used, only_for_unused), {"predict": "a"}, {})
    assert drop_unused(graph).nodes == (used,)


def test_a_few_rows_do_not_make_the_ranges_narrower():
    graph = read_estimator(make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y))
    remembered = find_ranges(graph, [])
    widened = find_ranges(graph, [[5.0, -3.0, 1000.0]])
    assert (widened[:, 0] == remembered[:, 0]).all()
    assert widened[:, 1].tolist() == [*remembered[:2, 1].tolist(), 1000.0]
    assert find_ranges(graph, X.tolist()).T.tolist() == [X.min(axis=0).tolist(), X.max(axis=0).tolist()]


def test_rows_of_a_wide_model_meet_thresholds_of_several_trees(monkeypatch):
    monkeypatch.setattr(thresholds, "MANY_CELLS", 10_000)
    random = np.random.RandomState(3)
    wide = random.normal(size=(120, 400))
    forest = RandomForestClassifier(10, random_state=0).fit(wide, wide[:, 0] > 0)
    found = rows_of(forest)
    assert found.thresholds == found.thresholds_total
    rows = np.array(found.by_kind["threshold"])
    assert len(rows) < 4 * found.thresholds
    for tree in forest.estimators_:
        visited = tree.decision_path(rows.astype(np.float32)).toarray()
        for node in np.flatnonzero(tree.tree_.feature >= 0):
            exact = rows[:, tree.tree_.feature[node]] == tree.tree_.threshold[node]
            assert visited[exact, node].any()
            assert visited[:, tree.tree_.children_left[node]].any()
            assert visited[:, tree.tree_.children_right[node]].any()

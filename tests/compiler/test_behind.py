"""Trees after transforms: a training row reaches the original's leaf, and generated rows hit the transformed thresholds."""

import numpy as np
import pytest
from sklearn.datasets import make_regression
from sklearn.decomposition import PCA, FastICA, TruncatedSVD
from sklearn.ensemble import BaggingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, FunctionTransformer, KBinsDiscretizer, PowerTransformer, StandardScaler

from iris_model.compiler import compile_model
from iris_model.compiler.cuts.behind import look_behind
from iris_model.compiler.cuts.gaps import Gaps
from iris_model.compiler.cuts.roundoff import find_errors
from iris_model.compiler.cuts.tree_cuts import last_narrowed_left
from iris_model.compiler.original import Original
from iris_model.compiler.passes import run_passes
from iris_model.compiler.probes.rows import make_rows
from iris_model.engine import load
from iris_model.errors import UnsupportedModel
from iris_model.readers import Node, read_estimator

_random = np.random.RandomState(0)
X = np.exp(_random.normal(size=(300, 3)))
Y = 2 * X[:, 0] + X[:, 1]


def boosting():
    return HistGradientBoostingRegressor(max_iter=8)


def answers(compilation, tmp_path, rows):
    path = tmp_path / "model.safetensors"
    path.write_bytes(compilation.data)
    return np.array(load(str(path)).predict(rows.tolist()))


@pytest.mark.parametrize("transform", [PowerTransformer(), PCA(2)], ids=["power", "pca"])
def test_rows_of_training_and_thresholds(transform, tmp_path):
    model = make_pipeline(transform, boosting()).fit(X, Y)
    compilation = compile_model(model)
    np.testing.assert_allclose(answers(compilation, tmp_path, X), model.predict(X), rtol=1e-9)
    report = compilation.report
    assert report.thresholds_tried == report.thresholds_total > 50 and report.thresholds_are_met
    # Rows next to a threshold on the far side were made, and not taken for equal.
    assert set(report.indeterminate) <= {"threshold"} and report.indeterminate["threshold"] >= report.thresholds
    assert f"{report.thresholds:,} of {report.thresholds_tried:,} thresholds tried were reached" in report.summary()


def test_landed_rows_lie_on_the_thresholds_of_the_original(tmp_path):
    model = make_pipeline(PowerTransformer(), boosting()).fit(X, Y)
    graph = run_passes(read_estimator(model))
    behind = look_behind(graph, Original(model), make_rows(graph, []).by_kind)
    transformed = model[0].transform(np.array(behind.rows))
    trees = next(node for node in graph.nodes if node.op == "boosted_trees")
    inner = np.flatnonzero(trees.tensors["feature"] >= 0)
    on = 0
    for node in inner:
        column = transformed[:, trees.tensors["feature"][node]]
        on += (column == trees.tensors["threshold"][node]).any()
        assert (column <= trees.tensors["threshold"][node]).any() and (column > trees.tensors["threshold"][node]).any()
    assert on > 0.5 * len(inner)


def test_thresholds_move_to_the_side_away_from_equal_values(tmp_path):
    model = make_pipeline(PCA(2), boosting()).fit(X, Y)
    graph = run_passes(read_estimator(model))
    moved = look_behind(graph, Original(model), make_rows(graph, []).by_kind).graph
    before = next(node for node in graph.nodes if node.op == "boosted_trees").tensors
    after = next(node for node in moved.nodes if node.op == "boosted_trees").tensors
    inner = before["feature"] >= 0
    step = after["threshold"][inner] - before["threshold"][inner]
    assert (step > 0).all() and step.max() < 1e-11


def test_exact_arithmetic_moves_nothing(tmp_path):
    model = make_pipeline(StandardScaler(), FunctionTransformer(np.square), boosting()).fit(X, Y)
    graph = run_passes(read_estimator(model))
    behind = look_behind(graph, Original(model), make_rows(graph, []).by_kind)
    assert behind.graph == graph and behind.met == behind.tried > 0
    assert not any(len(gaps.low) for gaps in behind.gaps)


@pytest.mark.parametrize(
    "steps", [KBinsDiscretizer(12, encode="ordinal"), Binarizer(threshold=0.7)], ids=["bins", "binarizer"]
)
def test_edges_of_bins_move_as_thresholds_do(steps, tmp_path):
    grid = np.repeat(np.linspace(0.1, 4.0, 40), 8).reshape(-1, 1)
    model = make_pipeline(FunctionTransformer(np.tanh), steps, Ridge()).fit(grid, np.arange(len(grid)))
    graph = run_passes(read_estimator(model))
    moved = look_behind(graph, Original(model), make_rows(graph, []).by_kind).graph
    (before,), (after,) = (
        [node for node in one.nodes if node.op in ("bin_columns", "binarize")] for one in (graph, moved)
    )
    if before.op == "binarize":
        assert 0 < after.attributes["threshold"] - 0.7 < 1e-13
    else:
        step = np.subtract(after.attributes["edges"][0], before.attributes["edges"][0])
        assert (step < 0).all() and (step > -1e-13).all()
    np.testing.assert_allclose(answers(compile_model(model), tmp_path, grid), model.predict(grid), rtol=1e-9)


def test_rounding_noise_is_no_ground_to_split():
    flat = np.column_stack([X[:, 0], X[:, 1], X[:, 0] + X[:, 1]])
    model = make_pipeline(PCA(3, svd_solver="covariance_eigh"), boosting()).fit(flat, _random.normal(size=300))
    with pytest.raises(UnsupportedModel, match="rounding noise"):
        compile_model(model)


def test_a_transform_that_does_not_repeat_itself_needs_rows_of_training(tmp_path):
    model = make_pipeline(FastICA(3, random_state=0), boosting()).fit(X, Y)
    with pytest.raises(UnsupportedModel, match="FastICA computed in training") as refusal:
        compile_model(model)
    assert "--data" in str(refusal.value)
    with pytest.raises(UnsupportedModel, match="FastICA"):
        compile_model(model, data=np.exp(np.random.RandomState(1).normal(size=(60, 3))).tolist())
    compilation = compile_model(model, data=X.tolist())
    np.testing.assert_allclose(answers(compilation, tmp_path, X), model.predict(X), rtol=1e-9)


def test_unreached_thresholds_ask_for_data():
    wide, target = make_regression(400, 12, n_informative=12, random_state=0)
    model = make_pipeline(PCA(10), RandomForestRegressor(3, random_state=0)).fit(wide, target)
    report = compile_model(model).report
    assert not report.thresholds_are_met
    assert "--data" in report.advice() and report.advice() in report.summary() and report.advice() in str(report)
    better = compile_model(model, data=wide.tolist()).report
    assert better.thresholds / better.thresholds_tried > report.thresholds / report.thresholds_tried


def test_texts_cannot_be_led_to_a_threshold(tmp_path):
    words = "a bb cc dd ee ff gg hh ii jj kk".split()
    documents = [" ".join(_random.choice(words, 8)) for _ in range(400)]
    vectors = TfidfVectorizer(token_pattern=r"\w+")
    model = make_pipeline(vectors, TruncatedSVD(3, random_state=0), boosting()).fit(documents, _random.normal(size=400))
    with pytest.raises(UnsupportedModel, match="TfidfVectorizer computed in training"):
        compile_model(model)  # its fit_transform adds up the terms in another order
    compilation = compile_model(model, data=[[one] for one in documents])
    assert compilation.report.thresholds_tried == 0 < compilation.report.thresholds_total
    assert "thresholds could be tried: their values come from texts or categories" in compilation.report.summary()
    rows = np.array(documents).reshape(-1, 1)
    np.testing.assert_allclose(answers(compilation, tmp_path, rows), model.predict(documents), rtol=1e-9)


def test_members_of_an_ensemble_that_see_some_columns(tmp_path):
    member = HistGradientBoostingRegressor(max_iter=5)
    bag = BaggingRegressor(member, n_estimators=2, max_features=2, random_state=0)
    model = make_pipeline(PCA(3, svd_solver="covariance_eigh"), bag).fit(X, Y)
    np.testing.assert_allclose(answers(compile_model(model), tmp_path, X), model.predict(X), rtol=1e-9)


def test_gaps_hold_the_values_between_two_thresholds():
    gaps = Gaps("t", np.array([0, 0, 1]), np.array([1.0, 5.0, 2.0]), np.array([1.5, 6.0, 2.5]))
    table = np.array([[1.0, 0.0], [1.5, 0.0], [1.6, 0.0], [0.0, 2.2], [np.nan, np.nan], [5.5, 9.0]])
    assert gaps.holds(table).tolist() == [False, True, False, True, False, True]
    assert gaps.holds(table, wider=True).tolist() == [True, True, True, True, False, True]


@pytest.mark.parametrize("threshold", [0.1, 1.0, -3.7, 1e-40, 16777217.0, float(np.finfo(np.float32).max)])
def test_the_last_value_that_float32_takes_left(threshold):
    cut = float(last_narrowed_left(np.array([threshold]))[0])
    with np.errstate(over="ignore"):
        assert float(np.float32(cut)) <= threshold
        assert float(np.float32(np.nextafter(cut, np.inf))) > threshold


def test_errors_follow_the_arithmetic():
    rows = np.array([[3.0, 4.0], [1e-3, 2.0]])
    weights = np.array([[0.6, -0.45]])
    nodes = (
        Node("scale", ("rows",), "s", tensors={"offset": np.ones(2), "divisor": np.full(2, 3.0)}),
        Node("linear", ("s",), "p", tensors={"coefficients": weights, "intercepts": np.zeros(1)}),
        Node("map_cells", ("p",), "r", {"parameters": {"name": "square"}}),
    )
    scaled = (rows - 1) / 3
    projected = scaled @ weights.T
    tables = {"rows": rows, "s": scaled, "p": projected, "r": projected**2}
    graph = read_estimator(StandardScaler().fit(rows))
    graph = type(graph)(nodes, {"transform": "r"}, graph.signature)
    assert not find_errors(graph, tables, "s").any()
    # Cancellation: the bound comes from the terms, not from their sum.
    errors = find_errors(graph, tables, "p")
    assert ((errors > 1e-16) & (errors < 1e-14)).all()
    assert (find_errors(graph, tables, "r") >= 2 * np.abs(projected) * errors * 0.9).all()

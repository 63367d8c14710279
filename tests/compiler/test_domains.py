"""Generated rows lie in the domain that the original answers; too few of them is an error."""

import joblib
import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import CategoricalNB
from sklearn.neighbors import RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, PowerTransformer, StandardScaler

from iris_model.compiler import compile_model, describe_original
from iris_model.compiler.parity.enough import keep_compared
from iris_model.compiler.parity.report import MethodReport, ParityReport
from iris_model.compiler.probes.domains import WANTED_ROWS, find_domains
from iris_model.compiler.probes.remembered import find_remembered
from iris_model.errors import IrisModelError
from iris_model.readers import read_estimator

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(1.1, 5.0, size=(100, 12))
Y = X[:, 0] + X[:, 1] * X[:, 2]


def function(name):
    return FunctionTransformer(getattr(np, name))


SOME = make_column_transformer(
    (function("log"), [0, 1, 2]), (StandardScaler(), [3, 4]), (function("log1p"), [5, 6, 7, 8]), remainder="passthrough"
)
MODELS = {
    "log": function("log"),
    "sqrt": function("sqrt"),
    "box-cox": PowerTransformer("box-cox"),
    "above one": make_pipeline(function("log"), function("sqrt")),
    "unit interval": make_pipeline(MinMaxScaler(), function("sqrt")),
    "some columns": SOME,
}
FAST = ("log",)


@pytest.mark.parametrize("name", [one if one in FAST else pytest.param(one, marks=pytest.mark.slow) for one in MODELS])
def test_domains_of_twelve_columns_are_found(name, tmp_path):
    model = make_pipeline(MODELS[name], Ridge()).fit(X, Y)
    compilation = compile_model(model)
    assert compilation.report.methods["predict"].compared >= WANTED_ROWS
    assert len(compilation.golden) == 16
    joblib.dump(model, tmp_path / "model.joblib")
    assert len(describe_original(tmp_path / "model.joblib").golden) == 16


def test_a_model_that_draws_are_answered_of_is_not_searched():
    assert find_domains(lambda rows: [True] * len(rows), *_arguments(3)) is None


def test_no_domain_is_made_up():
    assert find_domains(lambda rows: [False] * len(rows), *_arguments(3)) is None


def _arguments(width, candidates=()):
    return np.tile([-10.0, 10.0], (width, 1)), [], lambda rows: rows, candidates, np.random.RandomState(0)


def test_each_column_keeps_what_of_its_range_is_answered():
    def answers(rows):
        return [row[0] > 3.5 and 0.0 < row[1] < 1.0 and row[2] < -2.0 and -10.0 <= row[3] <= 10.0 for row in rows]

    domains = find_domains(answers, *_arguments(4, [[4.0, 0.5, -3.0, 0.0]]))
    assert domains is not None and not domains.whole.any()
    np.testing.assert_allclose(domains.ranges, [[3.5, 10.0], [0.0, 1.0], [-10.0, -2.0], [-10.0, 10.0]], atol=0.01)


def test_columns_of_whole_numbers_are_found():
    def answers(rows):
        return [all(cell == round(cell) and 0 <= cell < 5 for cell in row[:2]) for row in rows]

    domains = find_domains(answers, *_arguments(3))
    assert domains is not None
    assert domains.whole.tolist() == [True, True, False]
    assert domains.ranges.tolist() == [[0.0, 4.0], [0.0, 4.0], [-10.0, 10.0]]


def test_rows_are_made_of_answered_ones_where_columns_hang_together():
    def answers(rows):
        return [abs(row[0] - row[1]) < 0.1 for row in rows]

    domains = find_domains(answers, *_arguments(2, [[3.0, 3.0]]))
    assert domains is not None
    assert len(domains.rows) == WANTED_ROWS and all(answers(domains.rows))


def test_rows_that_training_left():
    model = make_pipeline(StandardScaler(), RadiusNeighborsRegressor(0.5)).fit(X, Y)
    found = find_remembered(model, 12)
    assert model[0].mean_.tolist() in found
    assert model[1]._fit_X[0].tolist() in found


def test_categories_of_a_column_of_numbers():
    model = CategoricalNB().fit(RANDOM.integers(0, 4, size=(100, 8)), RANDOM.integers(0, 2, 100))
    assert compile_model(model).report.methods["predict"].compared >= WANTED_ROWS


def test_too_few_rows_are_an_error_that_asks_for_more():
    graph = read_estimator(Ridge().fit(X, Y))
    report = ParityReport({"uniform": 88}, {"predict": MethodReport(88)}, 0, 0, 600)
    with pytest.raises(IrisModelError, match=r"^predict was compared .* on 88 rows; expected at least 200") as caught:
        keep_compared(graph, report, given=8)
    assert "(680 generated and 8 given)" in caught.value.problem
    assert "--data rows.csv" in caught.value.remedy


def test_a_method_without_a_finite_answer_is_not_offered():
    random = np.random.default_rng(1)
    model = PCA(3, svd_solver="full").fit(0.1 * random.normal(size=(100, 3)) @ random.normal(size=(3, 20)) / 20)
    compilation = compile_model(model)
    assert list(compilation.signature["outputs"]) == ["transform"]
    assert all(list(entry["outputs"]) == ["transform"] for entry in compilation.golden)
    assert compilation.report.methods["transform"].compared >= 200
    assert "score_samples is omitted: the original gives no finite answer" in str(compilation.report)

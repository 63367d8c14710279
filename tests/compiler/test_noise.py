"""The tolerance of a comparison is the rounding error of the sum: it accepts noise and rejects mistakes."""

import dataclasses
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.manifold import Isomap
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, OneClassSVM
from sklearn.tree import DecisionTreeRegressor

from iris_model.compiler import compile_model
from iris_model.compiler.emit import emit
from iris_model.compiler.original import Original
from iris_model.compiler.parity.comparing import compare_numbers
from iris_model.compiler.parity.noise import Noise
from iris_model.compiler.parity.verify import verify
from iris_model.compiler.probes.rows import VerificationRows
from iris_model.engine import load
from iris_model.errors import ParityError
from iris_model.readers import read_estimator

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
SIX = np.array([[-1, -1], [-2, -1], [-3, -2], [1, 1], [2, 1], [3, 2.0]])
CANCER, SICK = (part[:150] for part in load_breast_cancer(return_X_y=True))
FLAT = RANDOM.normal(size=(100, 3)) @ RANDOM.normal(size=(3, 60))
POLYNOMIAL = SVC(kernel="poly", degree=2, coef0=2.0, gamma=0.1, C=1.5, max_iter=2000)


@pytest.mark.parametrize(
    ("model", "rows", "target"),
    [
        pytest.param(Isomap(n_components=2), X, None, id="geodesic distances of 1e30"),
        pytest.param(QuadraticDiscriminantAnalysis(), SIX, [0, 0, 0, 1, 1, 1], id="six rows"),
        pytest.param(OneClassSVM(kernel="sigmoid"), SIX, None, id="sigmoid"),
        pytest.param(GaussianProcessRegressor(), X, RANDOM.normal(size=40), id="Gaussian process"),
        pytest.param(PCA(3), FLAT, None, id="precision of 1e30", marks=pytest.mark.slow),
        pytest.param(POLYNOMIAL, CANCER, SICK, id="unscaled polynomial"),
    ],
)
def test_models_whose_sums_cancel_compile(model, rows, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = compile_model(model.fit(rows, target)).report
    assert all(one.compared >= 200 for one in report.methods.values())


def test_noise_is_that_of_the_terms_and_not_of_the_sum():
    graph = read_estimator(LinearRegression().fit(X, X[:, 0] - X[:, 1]))
    [far, near] = [[1e9, 1e9, 1.0], [1.0, 1.0, 1.0]]
    found = [Noise(graph, "predict").find([row], [0.0], [1e-15 * row[0]])[0] for row in (far, near)]
    assert found[0] is not None and 1e-8 < found[0] < 1e-5
    assert found[1] is not None and 1e-17 < found[1] < 1e-14
    # Ten thousand times what rounding can do.
    assert Noise(graph, "predict").find([near], [0.0], [1e-11]) == [None]


def test_a_step_on_rounded_numbers_has_no_noise():
    tree = DecisionTreeRegressor(max_depth=2).fit(X, X[:, 0])
    assert not Noise(read_estimator(tree), "predict").is_told()
    behind = make_pipeline(PCA(2), DecisionTreeRegressor(max_depth=2)).fit(X, X[:, 0])
    assert not Noise(read_estimator(behind), "predict").is_told()


def test_a_mistake_is_larger_than_the_noise_of_a_model_that_has_much(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = POLYNOMIAL.fit(CANCER, SICK)
    graph = read_estimator(model)
    rows = VerificationRows({"given": CANCER[:40].tolist()}, CANCER[:40].tolist(), 0, 0)
    path = tmp_path / "model.safetensors"
    for factor, is_right in ((1.0, True), (1.0 + 1e-6, False)):
        nodes = []
        for node in graph.nodes:
            if node.op == "linear":
                coefficients = node.tensors["coefficients"].copy()
                coefficients[0, 0] *= factor
                node = dataclasses.replace(node, tensors={**node.tensors, "coefficients": coefficients})
            nodes.append(node)
        wrong = dataclasses.replace(graph, nodes=tuple(nodes))
        path.write_bytes(emit(wrong, {}))
        if is_right:
            assert (
                verify(load(str(path)), Original(model, graph.signature), wrong, rows).methods["predict"].compared == 40
            )
        else:
            with pytest.raises(ParityError, match="decision_function"):
                verify(load(str(path)), Original(model, graph.signature), wrong, rows)


def test_a_model_that_is_noise_gets_a_remedy_that_helps():
    with pytest.raises(ParityError, match="rounding noise, because its sums cancel: those of") as caught:
        compile_model(OneClassSVM(kernel="linear").fit(SIX))
    assert "Scale the features" in caught.value.remedy and "report" not in caught.value.remedy


@pytest.mark.parametrize("seed", [1, 3])
def test_documents_in_float32_are_rounded_in_float32(seed):
    """A decision near zero is what is left of terms that were rounded to seven digits."""
    random = np.random.RandomState(seed)
    words = np.array([f"word{number}" for number in range(40)])
    texts = [" ".join(random.choice(words, 7)) for _ in range(200)]
    model = make_pipeline(TfidfVectorizer(dtype=np.float32), LogisticRegression())
    report = compile_model(model.fit(texts, random.randint(0, 2, 200))).report
    assert report.methods["predict_proba"].compared > 600
    assert "decision_function" in report.dropped or report.methods["decision_function"].rounded > 0


def test_a_linear_kernel_whose_vectors_cancel_is_refused_as_noise():
    # libsvm adds the products with each vector. They cancel, and the weights to 1e-16.
    rows = csr_matrix([[-2.0, -1.0], [-1.0, -1.0], [-1.0, -2.0], [1.0, 1.0], [1.0, 2.0], [2.0, 1.0]])
    model = OneClassSVM(kernel="linear", gamma=1).fit(rows)
    with pytest.raises(ParityError, match="rounding noise, because its sums cancel"):
        compile_model(model)


def test_a_small_number_in_place_of_zero_is_a_finite_difference():
    (difference,) = compare_numbers([1e-15], [0.0])
    assert 1.0 < difference < np.inf
    assert compare_numbers([np.nan], [0.0]) == [np.inf]

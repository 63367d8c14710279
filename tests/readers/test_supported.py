"""Every estimator of scikit-learn is covered, and the page of supported models is up to date."""

import importlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.decomposition import NMF
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401 - they switch classes on
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from iris_model import readers
from iris_model.errors import UnsupportedModel
from iris_model.readers import read_estimator, reference
from iris_model.readers.families import FAMILIES, all_readers, find_reader
from iris_model.readers.names import class_name
from iris_model.readers.refused import NOT_YET, REFUSED

READERS = all_readers()
ROOT = Path(__file__).parents[2]
X = np.abs(np.random.RandomState(0).normal(size=(60, 3)))
Y = (X[:, 0] > X[:, 1]).astype(int)


def test_every_estimator_has_a_reader_or_a_reason():
    known = {class_name(cls) for _, cls in all_estimators()}
    read = {name for name in READERS if name.startswith("sklearn.")}
    refused = {name for name in REFUSED if name.startswith("sklearn.")}
    assert known == read | refused | NOT_YET
    assert not read & set(REFUSED)
    assert not NOT_YET & set(REFUSED)


def test_every_reader_of_every_file_is_found_by_the_name_of_its_class():
    folders = [path for path in (Path(readers.__file__).parent).iterdir() if path.is_dir()]
    written: dict[str, set[str]] = {}
    for path in (path for folder in folders for path in folder.glob("*.py")):
        module = importlib.import_module(f"iris_model.readers.{path.parent.name}.{path.stem}")
        for name, reader in getattr(module, "READERS", {}).items():
            assert find_reader(name) is reader
            written.setdefault(name.rpartition(".")[0], set()).add(f"{path.parent.name}.{path.stem}")
    assert {name: set(families) for name, families in FAMILIES.items()} == written, "no family too many"
    assert find_reader("sklearn.linear_model.Nothing") is find_reader("other.LogisticRegression") is None


def test_remarks_are_of_classes_that_are_read():
    assert set(reference.REMARKS) <= set(READERS)


def test_the_page_is_what_the_tables_say():
    page = ROOT / reference.REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == reference.render_reference(), "run scripts/write_reference.py"


@pytest.mark.parametrize("model", [DBSCAN(), NMF(2), BernoulliRBM()])
def test_a_refusal_says_the_reason(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    with pytest.raises(UnsupportedModel) as caught:
        read_estimator(model)
    assert REFUSED[class_name(type(model))] in caught.value.reasons[0]


def test_every_reason_of_estimators_inside_estimators():
    voting = VotingClassifier([("a", make_pipeline(NMF(2), LogisticRegression())), ("b", LogisticRegression())])
    kernel = SVC(kernel=lambda a, b: a @ b.T)
    model = make_pipeline(
        StandardScaler(with_mean=False),
        StackingClassifier([("voting", voting), ("svc", kernel)], make_pipeline(BernoulliRBM(), SVC()), cv=2),
    )
    with pytest.raises(UnsupportedModel) as caught:
        read_estimator(model.fit(X, Y))
    assert [reason.partition(":")[0] for reason in caught.value.reasons] == [
        "sklearn.decomposition.NMF",
        "SVC",
        "sklearn.neural_network.BernoulliRBM",
    ]

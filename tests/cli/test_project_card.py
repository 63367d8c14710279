"""The last lines of `init`: what the function is, and commands to paste into a shell."""

import pickle
import shlex

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import StandardScaler

from iris_model.cli import cli

X = np.random.default_rng(0).normal(size=(60, 8))
LABELS = np.where(X[:, 0] > 0, "yes", "no")

MODELS = {
    "one of 2 classes: no, yes": LogisticRegression().fit(X, LABELS),
    "2 labels, one for each output": MultiOutputClassifier(LogisticRegression()).fit(X, np.c_[LABELS, LABELS[::-1]]),
    "a number": LinearRegression().fit(X, X[:, 0]),
    "2 numbers": LinearRegression().fit(X, X[:, :2]),
    "8 numbers": StandardScaler().fit(X),
    "the number of a cluster": KMeans(2, n_init=1).fit(X),
    "1 for an inlier, -1 for an outlier": IsolationForest(n_estimators=3, random_state=0).fit(X),
}


@pytest.mark.parametrize("answer", MODELS)
def test_the_card_shows_the_answers(answer, tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(MODELS[answer]))
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "My Own_Model"), "--model", str(tmp_path / "m.pkl")])
    assert done.exit_code == 0, done.output
    assert f"\nAnswer    {answer}\n" in done.output
    assert "\nFunction  My-Own_Model: 128 MB of memory, timeout 3 s\n" in done.output
    assert "\nModel     m.pkl: sklearn." in done.output
    assert " compiled\n" in done.output
    assert "and 2 more\n" in done.output
    commands = [shlex.split(line) for line in done.output.partition("Next:\n")[2].splitlines()]
    directory = str(tmp_path / "My Own_Model")
    assert commands == [
        ["iris-model", "serve", directory],
        ["iris-model", "cost", directory],
        ["docker", "build", "-t", "my-own_model", directory],
    ]

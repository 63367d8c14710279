"""Models of the zoo that together use every operator of the native runtime: its answers are those of the Python runtime."""

from __future__ import annotations

import json
import random
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from iris_model.compiler import compile_model
from iris_model.engine.container import Container
from tests.native.building import ENGINE
from tests.native.models import write_function
from tests.native.reference import Reference
from tests.parity.test_zoo import ANIMALS, fit
from tests.parity.test_zoo import save as save_estimator
from tests.support.lambda_events import http_api_2
from tests.support.tiny_model import CLASSES, TENSORS, columns, metadata

pytestmark = pytest.mark.slow

CHOSEN = """
logistic - two texts; logistic cv - floats; least squares - one target; tree best first - three integers;
standard without deviation - one target; min max clipped - one target; gradient boosting - three integers;
isolation with contamination - whole numbers; catboost one against all - objects; lightgbm one against all - missing;
poisson - positive; voting of a pipeline - booleans; stacking of decisions - objects; calibrated sigmoid - booleans;
one versus rest - booleans; one versus one - three integers; output code of probabilities - booleans;
mlp tanh - three integers; laplacian - small target; imputed mean - whole numbers; bernoulli nb - three integers;
qda - three integers; elliptic envelope - wide; svc rbf - two texts; nu svc - four; xgboost of parallel trees - two;
sgd log_loss - three integers; gradient boosting - two texts; lightgbm - booleans;
lightgbm cross_entropy_lambda - fractions; stacking of voting of calibrated - three integers;
scaled target - one target; mlp relu - two texts; nearest centroid manhattan - two texts; sigmoid - small target;
xgboost - three; xgboost binary:hinge - two; xgboost count:poisson - positive; radius kd_tree - outputs of text;
brute manhattan - ties; process rbf - one target; bins onehot uniform - one target; adaboost of bayes - two texts;
label propagation of neighbors - unlabeled; brute - small target; isotonic falling - one column;
binarized - one target; normalized - one target; indicator - missing; bins ordinal uniform - one target;
polynomial interactions - one target; bisecting k-means by size - numbers; union - one target;
svc linear probability - three integers; categorical nb - booleans; svr poly - small target;
nearest centroid shrunken - whole numbers; adaboost of ridge - one target; calibrated temperature - counted classes;
bagging of ridge - three targets; lightgbm zeros are missing - zeros; bagging of logistic - two texts;
xgboost -999 - missing as -999.0; radius brute - three integers; kernel pca cosine - float32;
label spreading - unlabeled; lof - numbers; power - missing; quantiles - whole numbers; quantiles normal - missing;
splines 3 periodic - one target; splines 3 linear - one target; splines 2 continue - one target;
function log1p - positive; function rint - positive; target in logarithms - positive target;
code of one atom - numbers; code of four atoms - numbers; code of all dimensions - numbers;
code threshold positive - numbers; gradient boosting from probabilities - two texts; isomap - numbers;
locally linear - numbers; imputed from weighted neighbors - missing; imputed from many - missing;
iterative with indicator - missing; one hot - whole numbers; ordinal - whole numbers; target - whole numbers;
process matern 1/2 - one target; process matern 3/2 - one target; process matern 5/2 - one target;
process rational quadratic - one target; process power - one target; lightgbm linear - missing;
lightgbm linear categories - categories; chi2 - positive; embedding - three integers;
stacking of several labels - multi-label; xgboost linear - two; dummy - outputs of text; dummy - outputs of integers;
dummy - multi-label; default - two; pairwise - two
"""
NAMES = [" ".join(name.split()) for name in CHOSEN.split(";")]
ZOO = {name: (estimator, data) for name, estimator, data in ANIMALS}

# Operators that no model of the zoo has in its prediction, with their attributes and the columns that they make.
ALONE: dict[str, tuple[dict[str, object], int]] = {
    "centered_logs": ({"factor": 2.0}, 3),
    "clipped_centered_log": ({"epsilon": 2.0**-52}, 3),
    "halve_pair": ({}, 2),
    "isolation_scores": ({"longest": 3.5}, 1),
    "last_argmax_label": ({"classes": CLASSES}, 1),
    "round_float32": ({}, 3),
    "signed_squares": ({}, 3),
    "snap_to_known": ({"known": [[-1.0, 0.5, 0.6], [], [2.0]], "within": [0.25, 1.0, 1e6]}, 3),
    "softmax_pair": ({}, 2),
}
LINEAR = {"op": "linear", "inputs": ["rows"], "attributes": {}, "tensors": ["coefficients", "intercepts"]}


@cache
def model_of(name: str) -> bytes:
    """The compiled model of the zoo, or a model of the operator alone behind a linear map."""
    if name in ALONE:
        attributes, width = ALONE[name]
        is_label = "classes" in attributes
        nodes = [
            {**LINEAR, "output": "decisions"},
            {"op": name, "inputs": ["decisions"], "output": "made", "attributes": attributes, "tensors": []},
        ]
        signature = {
            "columns": columns(),
            "named": False,
            "task": "classifier" if is_label else "regressor",
            "classes": CLASSES if is_label else None,
            "outputs": {"predict": {"kind": "label" if is_label else "number", "columns": width}},
        }
        graph = {"nodes": nodes, "outputs": {"predict": "made"}}
        return save(TENSORS, metadata=metadata(signature=signature, graph=graph))
    with tempfile.TemporaryDirectory() as directory:
        return compile_model(save_estimator(fit(*ZOO[name]), Path(directory)), trust=["tests"]).data


def operators_of(data: bytes) -> set[str]:
    """The operators that the answer of a prediction needs."""
    model = Container("model", data)
    outputs = model.graph["outputs"]
    wanted = {outputs.get("predict", outputs.get("transform")), outputs.get("predict_proba")}
    found = set()
    for node in reversed(model.graph["nodes"]):
        if node["output"] in wanted:
            found.add(node["op"])
            wanted.update(node["inputs"])
    return found


def events_of(name: str, width: int) -> list[dict[str, Any]]:
    chosen = random.Random(name)
    cells = [0.0, -1.5, 2.25, 1e3, -1e6, 1e-9, 0.5, *(chosen.uniform(-4, 4) for _ in range(20))]
    rows = [chosen.choices(cells, k=width) for _ in range(40)]
    if name in ZOO:
        known = np.asarray(ZOO[name][1].X, float)[:40].tolist()
        rows += [[None if cell != cell else cell for cell in row] for row in known]
    texts = ["\n".join(",".join("" if cell is None else repr(cell) for cell in row) for row in rows[40:])]
    return [
        http_api_2(None, method="GET"),
        *(http_api_2(json.dumps(row)) for row in rows[::3]),
        *(http_api_2(json.dumps(rows[place : place + 20])) for place in range(0, len(rows), 20)),
        *(http_api_2(text, content_type="text/csv", accept="text/csv") for text in texts),
        http_api_2(json.dumps([[1e308] * width])),
        http_api_2(json.dumps([[None] * width])),
    ]


def check_model(executable: list[str], tmp_path: Path, name: str) -> None:
    data = model_of(name)
    directory = write_function(tmp_path / "function", data)
    events = events_of(name, len(Container("model", data).signature["columns"]))
    run = subprocess.run(
        [*executable, "--answer", directory],
        input="".join(f"{json.dumps(event)}\n" for event in events).encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    answers = run.stdout.splitlines()
    assert len(answers) == len(events)
    reference = Reference(directory)
    statuses = set()
    for event, answer in zip(events, answers):
        wanted = reference.ask(json.dumps(event).encode())[0].body
        statuses.add(json.loads(wanted)["statusCode"])
        assert answer == wanted, (event, answer, wanted)
    assert 200 in statuses


@pytest.mark.parametrize("name", [*NAMES, *ALONE])
def test_a_model_answers_as_in_python(executable: list[str], tmp_path: Path, name: str) -> None:
    check_model(executable, tmp_path, name)


def test_the_models_use_every_operator() -> None:
    used = set().union(*(operators_of(model_of(name)) for name in [*NAMES, *ALONE]))
    operators = re.findall(r"OPERATOR\((\w+)\)", (ENGINE / "bootstrap" / "operators.inc").read_text())
    assert {each.lower() for each in operators} <= used

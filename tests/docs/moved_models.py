"""The files of docs/how-to/moving.md: one fitted model as a pickle, as an MLflow directory, and in a SageMaker archive."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path

import joblib
import pandas
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# As MLflow 3 writes it.
MLMODEL = """\
artifact_path: model
flavors:
  python_function:
    env: conda.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
mlflow_version: 3.17.2
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "string", "name": "plan", "required": true}]'
  outputs: '[{"type": "string", "required": true}]'
"""


def write_models(directory: Path) -> None:
    """Write them where the page expects them."""
    ages, plans = [20, 31, 42, 53, 24, 35, 46, 57], ["basic", "pro", "pro", "basic"] * 2
    customers = pandas.DataFrame({"age": ages, "plan": plans})
    columns = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["plan"]))
    model = make_pipeline(columns, LogisticRegression()).fit(customers, ["stay", "leave", "stay", "stay"] * 2)
    customers.to_csv(directory / "sample.csv", index=False)
    (directory / "model.pkl").write_bytes(pickle.dumps(model))
    (directory / "mlflow-model").mkdir()
    (directory / "mlflow-model/model.pkl").write_bytes(pickle.dumps(model))
    (directory / "mlflow-model/MLmodel").write_text(MLMODEL, encoding="utf-8")
    joblib.dump(model, directory / "model.joblib")
    with tarfile.open(directory / "model.tar.gz", "w:gz") as archive:
        archive.add(directory / "model.joblib", "model.joblib")

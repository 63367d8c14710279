"""Train a classifier on Fisher's iris flowers and save it next to this file.

    python train.py              the 150 flowers as scikit-learn ships them: the values of Fisher's paper
    python train.py iris.data    the file from UCI, or one in the same format

The two differ in flowers 35 and 38, where the file of UCI has 4.9,3.1,1.5,0.1 twice, and Fisher's paper has
4.9,3.1,1.5,0.2 and 4.9,3.6,1.4,0.1.

It writes three files. iris_trained_model.pkl has the same bytes each time, with one version of Python and the versions in
requirements.txt. iris.csv has the 150 flowers without their species, for `iris-model compile --data`. iris_species.csv has
them with their species, for the plot on the page of `iris-model serve`.
"""

import argparse
import csv
import pickle
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 20261123
HERE = Path(__file__).parent
# A fixed protocol, so that the bytes do not depend on the version of Python.
PICKLE_PROTOCOL = 5


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a classifier on iris flowers.")
    parser.add_argument("data", nargs="?", type=Path, help="UCI's iris.data; without it, scikit-learn's own copy")
    chosen = parser.parse_args().data
    iris = load_iris()
    if chosen is None:
        measurements, species = iris.data, iris.target_names[iris.target]
        print("data     scikit-learn's load_iris: Fisher's values")
    else:
        measurements, species = read_uci(chosen)
        print(f"data     {chosen}: {differing(measurements, iris.data)}")

    # The solver sag adds numbers in its own loops. The other solvers use BLAS, whose last digits depend on the processor:
    # the file would have other bytes on other processors.
    classifier = LogisticRegression(solver="sag", tol=1e-6, max_iter=10_000, random_state=SEED)
    model = make_pipeline(StandardScaler(), classifier)
    folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=SEED)
    accuracy = cross_val_score(model, measurements, species, cv=folds)
    print(
        f"accuracy {accuracy.mean():.3f} +- {accuracy.std():.3f} (stratified 10-fold cross-validation, {len(species)} flowers)"
    )
    print(f"folds    {' '.join(f'{fold:.3f}' for fold in accuracy)}")

    model.fit(measurements, species)
    (HERE / "iris_trained_model.pkl").write_bytes(pickle.dumps(model, protocol=PICKLE_PROTOCOL))
    write_csv("iris.csv", iris.feature_names, measurements.tolist())
    with_species = [[*row, name] for row, name in zip(measurements.tolist(), species)]
    write_csv("iris_species.csv", [*iris.feature_names, "species"], with_species)


def read_uci(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read lines of four measurements and a species, `5.1,3.5,1.4,0.2,Iris-setosa`; empty lines are passed over."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    wrong = [number for number, row in enumerate(rows, 1) if len(row) != 5]
    if wrong or not rows:
        raise SystemExit(f"{path} is not UCI's iris.data: expected 4 numbers and a species in row {(wrong or [1])[0]}")
    measurements = np.array([[float(value) for value in row[:4]] for row in rows])
    return measurements, np.array([row[4].removeprefix("Iris-") for row in rows])


def differing(measurements: np.ndarray, fishers: np.ndarray) -> str:
    """Print the flowers whose values differ from Fisher's."""
    if measurements.shape != fishers.shape:
        return f"{len(measurements)} flowers"
    rows = np.flatnonzero((measurements != fishers).any(axis=1)) + 1
    return f"differs from Fisher's values in flowers {', '.join(map(str, rows))}" if len(rows) else "Fisher's values"


def write_csv(name: str, header: list[str], rows: list) -> None:
    with (HERE / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()

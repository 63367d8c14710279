"""Train a classifier on Fisher's iris flowers (UCI, as scikit-learn ships it) and save it beside this file.

    python train.py

Writes iris_trained_model.pkl, the same bytes each time with one Python and the versions of requirements.txt; iris.csv, the
150 flowers without their species, which `iris-model compile --data` verifies with; and iris_species.csv, the same with
their species, which the page of `iris-model serve` draws.
"""

import csv
import pickle
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 20261123
HERE = Path(__file__).parent
# Named, so that the bytes do not depend on which Python runs this.
PICKLE_PROTOCOL = 5


def main() -> None:
    iris = load_iris()
    measurements, species = iris.data, iris.target_names[iris.target]

    # The solver sag adds in its own loops. The others use BLAS, whose last digits depend on the processor, and so would
    # the bytes of the file.
    classifier = LogisticRegression(solver="sag", tol=1e-6, max_iter=10_000, random_state=SEED)
    model = make_pipeline(StandardScaler(), classifier)
    folds = StratifiedKFold(n_splits=10, shuffle=True, random_state=SEED)
    accuracy = cross_val_score(model, measurements, species, cv=folds)
    print(f"accuracy {accuracy.mean():.3f} +- {accuracy.std():.3f} (stratified 10-fold cross-validation, 150 flowers)")
    print(f"folds    {' '.join(f'{fold:.3f}' for fold in accuracy)}")

    model.fit(measurements, species)
    (HERE / "iris_trained_model.pkl").write_bytes(pickle.dumps(model, protocol=PICKLE_PROTOCOL))
    write_csv("iris.csv", iris.feature_names, measurements.tolist())
    with_species = [[*row, name] for row, name in zip(measurements.tolist(), species)]
    write_csv("iris_species.csv", [*iris.feature_names, "species"], with_species)


def write_csv(name: str, header: list[str], rows: list) -> None:
    with (HERE / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()

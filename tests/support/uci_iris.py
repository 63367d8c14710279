"""UCI's `iris.data`, as that archive offers it: made from scikit-learn's copy, which differs in two flowers."""

from __future__ import annotations

from pathlib import Path

from sklearn.datasets import load_iris

# Flowers 35 and 38 of the file; the measurements of both are those of flower 10.
UCI_ROWS = {35: "4.9,3.1,1.5,0.1,Iris-setosa", 38: "4.9,3.1,1.5,0.1,Iris-setosa"}


def write_uci_iris(path: Path) -> Path:
    """Write the 150 lines and the empty one at the end."""
    iris = load_iris()
    lines = []
    for number, (row, target) in enumerate(zip(iris.data.tolist(), iris.target, strict=True), 1):
        line = ",".join([*map(str, row), f"Iris-{iris.target_names[target]}"])
        lines.append(UCI_ROWS.get(number, line))
    path.write_text("\n".join(lines) + "\n\n")
    return path

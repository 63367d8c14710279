"""Many rows at once: a file, an array, and inside Polars, DuckDB and Spark; ours and the original in the same place.

    python bench/bulk.py [rows] [rounds]

Each way runs in a process of its own, on one core, ours and the original in turn; medians count. Engines are in an environment
that is made once (tests/support/engine_environment.py); what cannot be measured is named.
"""

from __future__ import annotations

import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.support.engine_environment import engine_python, engine_settings
from tests.support.requirement import Missing

import iris_model as im
from bench.bulk_programs import run_program
from bench.report import Claim, render, write_results

ROWS, ROUNDS = 1_000_000, 3
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
# Kind -> the minimum ratio of our rows per second to the original's, and the maximum ratio of peak memory.
HERE: dict[str, tuple[float, float | None]] = {"file": (0.8, 0.25), "array": (0.8, None)}
ENGINES: dict[str, tuple[float, float | None]] = {"polars": (0.8, None), "duckdb": (0.8, None), "spark": (0.8, None)}


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rows = int(arguments[0]) if arguments else ROWS
    rounds = int(arguments[1]) if len(arguments) > 1 else ROUNDS
    claims: list[Claim] = []
    samples: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="iris-model-bulk-") as scratch:
        directory = Path(scratch)
        prepare(directory, rows)
        here = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")}
        places = dict.fromkeys(HERE, (sys.executable, here))
        try:
            places |= {kind: (engine_python(), engine_settings()) for kind in ENGINES}
        except Missing as missing:
            print(f"not measured: {', '.join(ENGINES)}: {missing}")
        for kind, (python, environment) in places.items():
            print(kind, file=sys.stderr, flush=True)
            try:
                taken = measure(python, kind, directory, environment, rounds)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"not measured: {kind}: {error}")
                continue
            samples[kind] = taken
            claims += claims_of(kind, taken, rows)
    print(render(claims))
    print(f"all samples: {write_results('bulk', claims, samples)}")
    return 0 if all(claim.held for claim in claims) else 1


def prepare(directory: Path, rows: int) -> None:
    """Write the model, compiled and not, and its rows in every format."""
    iris = load_iris(as_frame=True)
    features = iris.data.set_axis(NAMES, axis=1)
    original = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, iris.target_names[iris.target])
    (directory / "model.pkl").write_bytes(pickle.dumps(original))
    im.compile(original, data=features).save(directory / "model.safetensors")
    frame = pd.DataFrame(np.round(np.random.default_rng(0).uniform(0.1, 8, (rows, 4)), 1), columns=NAMES)
    frame.to_csv(directory / "rows.csv", index=False)
    frame.to_parquet(directory / "rows.parquet")
    np.save(directory / "rows.npy", frame.to_numpy())


def measure(python: str, kind: str, directory: Path, environment: dict[str, str], rounds: int) -> dict[str, Any]:
    """Both ways in turn; round 0 warms up the files."""
    taken: dict[str, Any] = {"ours": [], "original": []}
    for turn in range(rounds + 1):
        for way, found in taken.items():
            sample = run_program(python, kind, way, directory, environment)
            if turn:
                found.append(sample)
    return taken


def claims_of(kind: str, taken: dict[str, Any], rows: int) -> list[Claim]:
    """Rows per second, and peak memory where it is promised."""
    least, most = {**HERE, **ENGINES}[kind]

    def median(way: str, measure: str) -> float:
        return statistics.median(sample[measure] for sample in taken[way])

    ours, other = (rows / median(way, "seconds") / 1000 for way in ("ours", "original"))
    text = f"{rows:,} rows, {kind}"
    claims = [Claim(f"{text}: rows/s, ours / original", ours, other, "k rows/s", ours / other, least, "at least")]
    ours, other = (median(way, "peak_mb") for way in ("ours", "original"))
    if most is not None:
        claims.append(Claim(f"{text}: peak memory, ours / original", ours, other, "MB", ours / other, most, "at most"))
    else:
        print(f"{text}: peak memory {ours:,.0f} MB, original {other:,.0f} MB")
    return claims


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Opening a forest and its first answer, against a forest with a tenth of the nodes: opening must not depend on size.

    python bench/opening.py [rounds]

Each sample is a new process, which measures from before `load` to the answer, its operators' imports included. Both forests
have 100 trees. Rounds take turns; medians count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from bench.peers import REPOSITORY, interpreter
from bench.report import Claim, render, write_results
from iris_model.compiler import compile_model

ROUNDS = 21
FEATURES = 20
SIZES = {"large": 20_000, "small": 2_000}
LIMIT_MS = 3.0
SLOWER_AT_MOST = 1.5

PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from iris_model.engine import load
started = time.perf_counter()
load(sys.argv[2]).predict([[0.5] * int(sys.argv[3])])
print((time.perf_counter() - started) * 1e3)
"""


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: _write_forest(Path(directory) / f"{name}.safetensors", rows) for name, rows in SIZES.items()}
        taken: dict[str, list[float]] = {name: [] for name in paths}
        for turn in range(rounds + 1):
            for name, path in paths.items():
                milliseconds = _first_answer(path)
                if turn:  # round 0 fills the file cache
                    taken[name].append(milliseconds)
        sizes = {name: path.stat().st_size / 1e6 for name, path in paths.items()}
    large, small = statistics.median(taken["large"]), statistics.median(taken["small"])
    claims = [
        Claim(
            "open + first answer of the large forest / its limit", large, LIMIT_MS, "ms", large / LIMIT_MS, 1, "at most"
        ),
        Claim("large forest / a tenth of it", large, small, "ms", large / small, SLOWER_AT_MOST, "at most"),
    ]
    print(render(claims))
    print(", ".join(f"{name}: {size:.1f} MB" for name, size in sizes.items()))
    print(f"all samples: {write_results('opening', claims, dict(taken)).relative_to(REPOSITORY)}")
    return 0 if all(claim.held for claim in claims) else 1


def _write_forest(path: Path, rows: int) -> Path:
    features, labels = make_classification(rows, FEATURES, n_informative=10, flip_y=0.1, random_state=0)
    forest = RandomForestClassifier(100, random_state=0).fit(features, labels)
    path.write_bytes(compile_model(forest, data=features[:20]).data)
    return path


def _first_answer(path: Path) -> float:
    command = [interpreter(), "-S", "-c", PROGRAM, REPOSITORY / "src", path, str(FEATURES)]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""One row and 10,000 rows: ours with kernels, ours in Python, the original, and every engine that takes the model.

    python bench/engine.py [rounds]

The original gets the rows as the lists that JSON makes of them, and once more as a ready numpy array; other engines get a ready
array (bench/engine_peers.py). How far each is from the original stands next to its time. All ways take turns in one process
with one thread, so that a slow moment of the machine hits all of them. Medians count. Python alone answers 1,000 of the 10,000
rows, times ten.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from threadpoolctl import threadpool_limits

from bench.engine_models import BATCH_ROWS, Candidate, candidates
from bench.engine_peers import describe_exactness
from bench.report import Claim, render, write_results
from iris_model.engine import native

ROUNDS = 21
BATCH_ROUNDS = 3
# One row is asked so often in a turn: the turn before has emptied the caches.
ONE_ROW_CALLS = 20
PYTHON_ROWS = BATCH_ROWS // 10
EXACT_ROWS = 1_000

Way = Callable[[], Any]


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    claims: list[Claim] = []
    samples: dict[str, Any] = {}
    lines: list[str] = []
    if native.find_kernels() is None:
        lines.append("the kernels are not built here: what is called ours with kernels is Python")
    for candidate in candidates():
        if isinstance(candidate, str):
            lines.append(f"not measured: {candidate}")
            continue
        print(candidate.name, file=sys.stderr, flush=True)
        one = measure(ways(candidate, 1), rounds, 1e6, ONE_ROW_CALLS)
        many = measure(ways(candidate, BATCH_ROWS), BATCH_ROUNDS, 1e3, 1)
        many["Python"] = [BATCH_ROWS / PYTHON_ROWS * taken for taken in many["Python"]]
        samples[candidate.name] = {"one row, us": one, "10,000 rows, ms": many}
        claims += [
            at_least(f"{candidate.name}: original / ours, one row", one, "us", candidate.least_ratio),
            at_least(f"{candidate.name}: original / ours, 10,000 rows", many, "ms", 1),
        ]
        if candidate.peers:
            lines.append(f"{candidate.name}, from the original: {exactness(candidate)}")
        for text, unit, taken in (("one row", "us", one), ("10,000 rows", "ms", many)):
            lines.append(
                f"{candidate.name}, {text}: " + ", ".join(f"{way} {median(taken, way):,.1f} {unit}" for way in taken)
            )
    print(render(claims), *lines, sep="\n")
    print(f"all samples: {write_results('engine', claims, samples)}")
    return 0 if all(claim.held for claim in claims) else 1


def ways(candidate: Candidate, count: int) -> dict[str, Way]:
    """What to call, by its name in the table."""
    compiled, original = candidate.compiled, candidate.original
    output = "predict_proba" if "predict_proba" in compiled.outputs else "decision_function"
    ours = getattr(compiled, output)
    rows, lists = candidate.rows[:count], candidate.original_rows[:count]
    found: dict[str, Way] = {
        "kernels": lambda: ours(rows),
        "Python": lambda: without_kernels(compiled, ours, rows[:PYTHON_ROWS]),
        "original": lambda: original(lists),
    }
    if not isinstance(lists[0], str):
        ready = np.array(lists)
        found["original of an array"] = lambda: original(ready)
        if (of_array := from_array(compiled, output)) is not None:
            found["ours of an array"] = lambda: of_array(ready)
        for name, (answer, kind) in candidate.peers.items():
            array = np.ascontiguousarray(ready, kind)
            found[name] = partial(answer, array)
    return found


def from_array(compiled: Any, output: str) -> Callable[[Any], Any] | None:
    """The same model as Python's users hold it, which takes arrays."""
    import iris_model

    answer: Callable[[Any], Any] = getattr(iris_model.load(compiled._container.path), output)
    return answer


def exactness(candidate: Candidate) -> str:
    """How far the answers of each engine are from the original's, on 1,000 rows."""
    ready = np.array(candidate.original_rows[:EXACT_ROWS])
    expected = candidate.original(ready)
    found = {"kernels": ways(candidate, EXACT_ROWS)["kernels"]()}
    found["kernels"] = np.reshape(found["kernels"], expected.shape)
    for name, (answer, kind) in candidate.peers.items():
        found[name] = answer(np.ascontiguousarray(ready, kind))
    return ", ".join(f"{name} {describe_exactness(each, expected)}" for name, each in found.items())


def without_kernels(model: Any, function: Callable[[Any], Any], rows: Any) -> Any:
    """As with IRIS_MODEL_KERNELS=0. A model remembers what it found."""
    kept, remembered = list(native._found), model._kernels
    native._found[:], model._kernels = [None], False
    try:
        return function(rows)
    finally:
        native._found[:], model._kernels = kept, remembered


def measure(
    contenders: dict[str, Way], rounds: int, factor: float, calls: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Every way in turn, `calls` times in each round; round 0 warms up. `clock` returns seconds."""
    taken: dict[str, list[float]] = {way: [] for way in contenders}
    for turn in range(rounds + 1):
        for way, call in contenders.items():
            started = clock()
            for _ in range(calls):
                call()
            if turn:
                taken[way].append((clock() - started) / calls * factor)
    return taken


def median(taken: dict[str, list[float]], way: str) -> float:
    """The median of one way's samples."""
    return statistics.median(taken[way])


def at_least(text: str, taken: dict[str, list[float]], unit: str, target: float) -> Claim:
    """The original against ours with kernels: how many times faster ours is."""
    ours, other = median(taken, "kernels"), median(taken, "original")
    return Claim(text, ours, other, unit, other / ours, target, "at least")


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main(sys.argv[1:]))

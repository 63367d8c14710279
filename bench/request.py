"""Whole requests, a body of JSON in and one out: ours, `json` and `orjson` with the original.

    python bench/request.py [rounds]

Ours is the function as Lambda calls it: `Model.answer` of an HTTP event, whose body is text, gives a response whose body is
text. The others do the least that a careful handler does: parse the body, predict, write the same answer. All take turns in one
process with one thread; medians count. Before anything is timed, every answer is compared with the original's.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import orjson
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from bench.report import Claim, render, write_results
from iris_model.compiler import compile_model
from iris_model.runtime.model import Model

ROUNDS = 15
TRAINING_ROWS, FEATURES = 20_000, 20
COUNTS = (1, 100, 1_000, 5_000)
# How many times faster than `json` and the original, by the number of rows.
LEAST_RATIOS = {1: 4, 100: 2, 1_000: 2, 5_000: 2}
# One turn takes about this many rows, so that short requests are timed many at a time.
ROWS_IN_A_TURN = 200

Handler = Callable[[str], str]


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    claims: list[Claim] = []
    samples: dict[str, Any] = {}
    lines: list[str] = []
    features, labels = make_classification(
        TRAINING_ROWS + max(COUNTS), FEATURES, n_informative=10, flip_y=0.1, random_state=0
    )
    for name, estimator in estimators():
        estimator.fit(features[:TRAINING_ROWS], labels[:TRAINING_ROWS])
        ways = handlers(estimator)
        for count in COUNTS:
            print(f"{name}, {count} rows", file=sys.stderr, flush=True)
            body = json.dumps(features[TRAINING_ROWS : TRAINING_ROWS + count].tolist())
            exactness = compare({way: handle(body) for way, handle in ways.items()})
            taken = measure(ways, body, rounds, max(1, ROWS_IN_A_TURN // count))
            middle = {way: statistics.median(times) for way, times in taken.items()}
            samples[f"{name}, {count} rows, us"] = taken
            rows = f"{count:,} row" + ("s" if count > 1 else "")
            for peer, target in (("json", LEAST_RATIOS[count]), ("orjson", 1)):
                text = f"request of {rows}, {name}: {peer} + original / ours"
                ratio = middle[peer] / middle["ours"]
                claims.append(Claim(text, middle["ours"], middle[peer], "us", ratio, target, "at least"))
            lines.append(
                f"{name}, {rows}, {len(body):,} bytes: "
                + ", ".join(f"{way} {each:,.1f} us" for way, each in middle.items())
                + f"; {exactness}"
            )
    print(render(claims), *lines, sep="\n")
    print(f"all samples: {write_results('request', claims, samples)}")
    return 0 if all(claim.held for claim in claims) else 1


def estimators() -> list[tuple[str, Any]]:
    """The models, not fitted."""
    return [
        ("logistic regression", LogisticRegression()),
        ("forest of 100 trees", RandomForestClassifier(100, n_jobs=1, random_state=0)),
        ("HistGradientBoosting", HistGradientBoostingClassifier(random_state=0)),
    ]


def handlers(estimator: Any) -> dict[str, Handler]:
    """What to call with a body, by its name."""
    path = Path(tempfile.mkdtemp()) / "model.safetensors"
    path.write_bytes(compile_model(estimator).data)
    model = Model.load(str(path))
    names = [str(label) for label in estimator.classes_.tolist()]

    def ours(body: str) -> str:
        event = {
            "version": "2.0",
            "requestContext": {"http": {"method": "POST"}},
            "headers": {"content-type": "application/json"},
            "body": body,
            "isBase64Encoded": False,
        }
        text: str = model.answer(event)["body"]
        return text

    def answer(rows: Any) -> Any:
        shares = estimator.predict_proba(np.asarray(rows))
        labels = estimator.classes_[shares.argmax(axis=1)].tolist()
        items = [
            {"prediction": label, "probabilities": dict(zip(names, row))} for label, row in zip(labels, shares.tolist())
        ]
        return {"predictions": items}

    return {
        "ours": ours,
        "json": lambda body: json.dumps(answer(json.loads(body))),
        "orjson": lambda body: orjson.dumps(answer(orjson.loads(body))).decode(),
    }


def compare(bodies: dict[str, str]) -> str:
    """Say how far ours is from the original: labels must be equal."""
    ours, other = (json.loads(bodies[way])["predictions"] for way in ("ours", "json"))
    if [row["prediction"] for row in ours] != [row["prediction"] for row in other]:
        raise SystemExit("the labels differ from those of the original: nothing was measured")
    largest = max(
        abs(one - two)
        for row, same in zip(ours, other, strict=True)
        for one, two in zip(row["probabilities"].values(), same["probabilities"].values(), strict=True)
    )
    same_text = "the same bytes" if bodies["ours"] == bodies["json"] else f"largest difference {largest:.1e}"
    return f"labels equal, {same_text}"


def measure(ways: dict[str, Handler], body: str, rounds: int, calls: int) -> dict[str, list[float]]:
    """Microseconds for a request, every way in turn; round 0 warms up."""
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(rounds + 1):
        for way, handle in ways.items():
            started = time.perf_counter()
            for _ in range(calls):
                handle(body)
            if turn:
                taken[way].append((time.perf_counter() - started) / calls * 1e6)
    return taken


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main(sys.argv[1:]))

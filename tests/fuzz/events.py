"""Malformed events: an answer, the answer to a ping, or one clear refusal; strict JSON, and never slow.

python -m tests.fuzz.events SEED START COUNT
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.lambda_events import http_api_2
from tests.support.trigger_events import PINGS, VARIANTS

SLOWEST_SECONDS = 2.0
ATOMS: list[Any] = [
    None, True, False, 0, 1, -1, 0.5, 1e308, float("inf"), float("-inf"), float("nan"), 10**400, "", "a", "x", "\ud800", "5.1",
    "é", "\ufeff", [], {}, [1], [[1]], {"a": 1}, [5.1, 3.5, 1.4, 0.2],
]  # fmt: skip
KEYS = (
    "a b c instances inputs outputs id name shape datatype data dataframe_split dataframe_records columns body headers "
    "isBase64Encoded requestContext http httpMethod method version Records source detail-type warmer Event rawPath elb \ud800 "
    "multiValueHeaders accept-encoding content-type eventSource records"
).split()
METHODS = ["POST"] * 6 + ["GET", "HEAD", "PUT"]
TYPES = ["application/json", "text/csv", "application/csv", None]


def draw(numbers: random.Random, depth: int) -> Any:
    choice = numbers.random()
    if depth <= 0 or choice < 0.5:
        return numbers.choice(ATOMS)
    if choice < 0.75:
        return [draw(numbers, depth - 1) for _ in range(numbers.randrange(5))]
    return {numbers.choice(KEYS): draw(numbers, depth - 1) for _ in range(numbers.randrange(5))}


def draw_event(numbers: random.Random) -> Any:
    """A value, a request with a strange body, or an event of a trigger with something else in it."""
    choice = numbers.random()
    if choice < 0.3:
        return draw(numbers, 4)
    if choice < 0.75:
        text = json.dumps(draw(numbers, 3))
        body = numbers.choice([text, text.encode(), text[: numbers.randrange(len(text) + 1)]])
        headers = {}
        if numbers.random() < 0.3:
            headers["accept_encoding"] = numbers.choice(["gzip", "gzip;q=0", "*", "", "q=;;,"])
        if numbers.random() < 0.2:
            headers["accept"] = "text/csv"
        return http_api_2(body, numbers.choice(TYPES), method=numbers.choice(METHODS), **headers)
    event = dict(numbers.choice([*PINGS.values(), *(event for _, event in VARIANTS)]))
    for _ in range(numbers.randrange(3)):
        event[numbers.choice(KEYS)] = draw(numbers, 2)
    return event


def load_models(directory: Path) -> list[Any]:
    """A model of four numbers and one of dictionaries, on a platform that leaves letters as they are."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from iris_model.compiler import compile_model
    from iris_model.runtime import Model
    from tests.support.tiny_model import write_tiny

    os.environ["LAMBDA_TASK_ROOT"] = str(directory)
    write_tiny(directory / "numbers.safetensors")
    rows = [{"a": 1.0, "c": "x"}, {"a": 2.0, "c": "y"}, {"a": 3.5, "b": 2.0}, {"b": 1.0, "c": "x"}]
    fitted = make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, [0, 1, 1, 0])
    (directory / "dictionaries.safetensors").write_bytes(compile_model(fitted).data)
    return [Model.load("numbers"), Model.load("dictionaries")]


def ask(models: list[Any], seed: int, start: int, count: int) -> Counter[str]:
    """Ask `count` events, from number `start` on; how many were answered and refused. AssertionError for all else."""
    from iris_model.engine.json_text import make_encoder
    from iris_model.runtime import InvalidInput, marshal

    outcomes: Counter[str] = Counter()
    kept, marshal._encode = marshal._encode, make_encoder(marshal._needs_care, ensure_ascii=False, allow_nan=True)
    try:
        for number in range(start, start + count):
            numbers = random.Random(f"{seed} {number}")
            event = draw_event(numbers)
            begin = time.thread_time()
            try:
                answer = numbers.choice(models).answer(event)
                check(answer)
                is_http = isinstance(answer, dict) and "statusCode" in answer
                outcome = "problems" if is_http and answer["statusCode"] >= 400 else "answered"
                outcomes["pings" if answer == {"warm": True} else outcome] += 1
            except InvalidInput as refusal:
                assert str(refusal)
                outcomes["refused"] += 1
            except Exception as error:
                error.add_note(f"event {number} of seed {seed}: {event!r}"[:2000])
                raise
            assert time.thread_time() - begin < SLOWEST_SECONDS, event
    finally:
        marshal._encode = kept
    return outcomes


def check(answer: Any) -> None:
    """Lambda can take it, and who reads it finds strict JSON."""
    from iris_model.runtime import marshal

    marshal.encode_json(answer).encode("utf-8")
    json.dumps(answer, allow_nan=False)
    if isinstance(answer, dict) and "statusCode" in answer:
        assert 200 <= answer["statusCode"] < 500
        kinds = answer.get("headers") or answer["multiValueHeaders"]
        if "json" in str(kinds["content-type"]) and answer["body"] and not answer["isBase64Encoded"]:
            json.loads(answer["body"].encode("utf-8"), parse_constant=refuse)


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def main() -> None:
    """Ask, and print the outcomes as one line of JSON."""
    seed, start, count = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps(ask(load_models(Path(directory)), seed, start, count)))


if __name__ == "__main__":
    main()

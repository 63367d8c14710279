"""Requests and their answers through the C codec and through Python, which is the reference: the same to the byte.

    python -m tests.fuzz.documents SEED START COUNT

Each document is read both ways: the same rows to the bit, the same protocol and state, or a refusal with the same words. Where it
is read, answers of as many rows are written both ways in that protocol. Prints the outcomes as one line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter

from iris_model.engine import native
from iris_model.engine.rows import RowEncoder
from iris_model.runtime.events import Request
from tests.support.codec import MODELS, draw_answers, outcome, write_both
from tests.support.odd_documents import Documents


def main() -> None:
    """Run one share of the documents."""
    seed, start, count = map(int, sys.argv[1:])
    assert native.find_kernels() is not None, "there are no kernels: nothing would be compared"
    # A model with a column of text has no packed table, and is never asked for one.
    encoders = [encoder for encoder in map(RowEncoder, MODELS.values()) if encoder.least_limit >= 0]
    outcomes: Counter[str] = Counter()
    for number in range(start, start + count):
        try:
            outcomes[compare(encoders[number % len(encoders)], hash((seed, number)))] += 1
        except Exception as error:
            error.add_note(f"document {number} of seed {seed}")
            raise
    print(json.dumps(outcomes))


def compare(encoder: RowEncoder, seed: int) -> str:
    """How one document and its answer went; an AssertionError where the kernels differ from Python."""
    choose = random.Random(seed)
    content_type, body = Documents(encoder.names, seed).body()
    headers = {"content-type": content_type, "accept": choose.choice(["", "text/csv"])}
    ours, is_packed = outcome(Request("POST", headers, body), encoder, True)
    expected, _ = outcome(Request("POST", headers, body), encoder, False)
    assert ours == expected, (content_type, body)
    if len(expected) != 3:
        return "refused"
    module, rows, state = expected
    if not rows:
        return "without rows"
    made, text = write_both(module, draw_answers(choose, len(rows)), state)
    assert made in (None, text), (made, text)
    return ("answered" if is_packed else "read by Python") + (", written by Python" if made is None else "")


if __name__ == "__main__":
    main()

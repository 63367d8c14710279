"""Opens mutated compiled models and asks them: an answer or a clear error; never a crash, a hang, or all memory.

    python -S -m tests.fuzz.models DIRECTORY SEED START COUNT

`DIRECTORY` has what `tests.fuzz.samples` wrote. Needs the standard library and the engine. The number of the mutation under way
is in the file `number-START`, for the one that a crash ends. Prints the outcomes as one line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iris_model.engine import InvalidInput, ModelFormatError, load, native
from tests.fuzz.mutations import MUTATORS, split

# Of processor time. A sanitizer makes all several times slower.
SECONDS = 30.0


def main() -> None:
    """Run one share of the mutations."""
    directory, seed, start, count = Path(sys.argv[1]), *map(int, sys.argv[2:])
    kernels = native.find_kernels()
    is_sanitized = hasattr(ctypes.CDLL(None), "__asan_init")
    assert kernels is not None, "there are no kernels: nothing would be tested"
    samples = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    outcomes: Counter[str] = Counter(sanitized=int(is_sanitized))
    progress = os.open(directory / f"number-{start}", os.O_CREAT | os.O_RDWR)
    path = directory / f"mutated-{start}.safetensors"
    for number in range(start, start + count):
        os.pwrite(progress, b"%12d" % number, 0)
        numbers = random.Random(f"{seed} {number}")
        sample = numbers.choice(samples)
        header, tensors = split(bytes.fromhex(sample["data"]))
        path.write_bytes(numbers.choice(MUTATORS)(header, tensors, numbers))
        rows = sample["rows"][: numbers.choice([1, 3, 40])]
        with limited(f"mutation {number} of seed {seed}"):
            outcomes[ask(path, rows)] += 1
    print(json.dumps(outcomes))


def ask(path: Path, rows: list[Any]) -> str:
    """Every output of the file at `path`."""
    try:
        model = load(str(path))
        outcome = "answered"
        for output in list(model.outputs):
            try:
                model.evaluate(rows, (output,))
            except InvalidInput as error:  # a number became infinite, a column another one
                assert str(error)
                outcome = "refused rows"
    except ModelFormatError as error:
        assert str(path) in str(error)
        return "refused"
    return outcome


@contextmanager
def limited(what: str) -> Iterator[None]:
    """Give up what does not end, and say which it was."""

    def give_up(number: int, frame: object) -> None:
        raise AssertionError(f"{what} does not end")

    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()

"""Random events, right and wrong, to the native runtime and to the Python runtime: the same bytes.

    python -m tests.fuzz.native SEED START COUNT

The executable is the installed one. Prints the outcomes as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from iris_model.project.packaging.native import find_bootstrap
from tests.native.comparing import compare
from tests.native.models import MODELS, write_function

# A process of the executable gets as many events; the next one has another model.
BATCH = 2000


def main() -> None:
    """Run one share of the events."""
    seed, start, count = map(int, sys.argv[1:])
    executable = find_bootstrap("x86_64") or find_bootstrap("arm64")
    assert executable is not None, "there is no native runtime: nothing would be compared"
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="iris-model-fuzz-") as name:
        models = [make() for make in MODELS.values()]
        functions = [write_function(Path(name) / str(number), model) for number, (_, model) in enumerate(models)]
        for number in range(0, count, BATCH):
            chosen = ((start + number) // BATCH) % len(models)
            at = f"{seed} {start + number}"
            size = min(BATCH, count - number)
            found = compare([str(executable)], functions[chosen], models[chosen][0], at, size, Path(name) / "log")
            for kind, times in found.items():
                outcomes[_outcome(kind)] += times
    print(json.dumps(outcomes))


def _outcome(kind: str) -> str:
    """Return "answered" or "refused" for an answer, a status of HTTP, or an error type."""
    if kind.isdecimal():
        return "answered" if int(kind) < 400 else "refused"
    return "answered" if kind == "answer" else "refused"


if __name__ == "__main__":
    main()

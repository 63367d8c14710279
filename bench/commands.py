"""The command line: `iris-model --help`, against its limit and against a Python that does nothing.

    python bench/commands.py [rounds]

Both start in turn; medians count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.report import Claim, render, write_results

ROUNDS = 21
LIMIT_MS = 300.0
HELP = [sys.executable, "-m", "iris_model.cli", "--help"]
NOTHING = [sys.executable, "-c", "pass"]


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    taken: dict[str, list[float]] = {"help": [], "nothing": []}
    for turn in range(rounds + 1):
        for name, command in (("help", HELP), ("nothing", NOTHING)):
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if turn:  # round 0 fills the file cache
                taken[name].append((time.perf_counter() - started) * 1e3)
    shown, nothing = statistics.median(taken["help"]), statistics.median(taken["nothing"])
    claims = [Claim("iris-model --help / its limit", shown, LIMIT_MS, "ms", shown / LIMIT_MS, 1, "at most")]
    print(render(claims))
    print(f"a Python that does nothing: {nothing:.1f} ms")
    print(f"all samples: {write_results('commands', claims, dict(taken))}")
    return 0 if all(claim.held for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

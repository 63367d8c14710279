"""Cold start and memory of the iris function, against a hello world and against scikit-learn, under the real emulator;
and of the runtimes alone, against the least that a program in C can be.

    python bench/cold_start.py [rounds]

Every round starts each contender once, in turn, so that a slow moment of the machine hits all of them. Medians count.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.rie_binary import rie_binary

from bench.alone import measure_alone
from bench.peers import (
    REPOSITORY,
    Contender,
    hello_world,
    interpreter,
    iris_compiled,
    iris_native,
    iris_scikit_learn,
    minimal_program,
)
from bench.report import Claim, render, write_results
from bench.sandbox import ColdStart, measure_bare_python_bytes, measure_cold_start

ROUNDS = 15
FEWEST_ROUNDS = 11
REPEATED = 3
FUNCTION_DIRECTORY_LIMIT_KB = 300
NATIVE_LIMIT_KB = 600


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = max(int(arguments[0]) if arguments else ROUNDS, FEWEST_ROUNDS)
    rie = rie_binary()
    ours, hello, scikit_learn = contenders = [iris_compiled(), hello_world(), iris_scikit_learn()]
    native, minimal = iris_native(), minimal_program()
    contenders.append(native)
    alone = [native, minimal, ours, hello]
    samples: dict[str, list[ColdStart]] = {contender.name: [] for contender in contenders}
    samples |= {_alone(contender): [] for contender in alone}
    bare: list[int] = []
    for turn in range(rounds + 1):
        print(f"\rround {turn} of {rounds}", end="", file=sys.stderr, flush=True)
        taken = {contender.name: [measure_cold_start(rie, contender)] for contender in contenders}
        # The short starts are repeated in turn, because one of them is shorter than a slice of the processor.
        for _ in range(REPEATED):
            for contender in alone:
                taken.setdefault(_alone(contender), []).append(measure_alone(contender))
        bare_bytes = measure_bare_python_bytes(interpreter())
        if turn:  # round 0 fills the file cache
            bare.append(bare_bytes)
            for name, cold_starts in taken.items():
                samples[name] += cold_starts
    print(file=sys.stderr)

    milliseconds = {name: statistics.median(s.seconds for s in taken) * 1e3 for name, taken in samples.items()}
    megabytes = {name: statistics.median(s.peak_memory_bytes for s in taken) / 1e6 for name, taken in samples.items()}
    bare_megabytes = statistics.median(bare) / 1e6
    native_alone, minimal_alone, ours_alone = (milliseconds[_alone(each)] for each in (native, minimal, ours))
    claims = [
        _at_most("native runtime / Python runtime, both alone", native_alone, ours_alone, 0.05),
        _at_most("native runtime / a C program that answers a constant, both alone", native_alone, minimal_alone, 2),
        _at_least(
            "hello world under awslambdaric / native runtime, both alone",
            native_alone, milliseconds[_alone(hello)], 40,
        ),
        _at_least(
            "hello world under awslambdaric / native runtime", milliseconds[native.name], milliseconds[hello.name], 3
        ),
        _at_least(
            "scikit-learn under awslambdaric / native runtime",
            milliseconds[native.name], milliseconds[scikit_learn.name], 60,
        ),
        _at_most(
            "peak memory, native runtime / Python runtime", megabytes[_alone(native)], megabytes[_alone(ours)], 0.1, "MB"
        ),
        _at_most("native function directory / its limit", _kilobytes(native), NATIVE_LIMIT_KB, 1, "KB"),
        _at_most(
            "cold start / hello world under awslambdaric", milliseconds[ours.name], milliseconds[hello.name], 0.75
        ),
        _at_least(
            "scikit-learn under awslambdaric / cold start", milliseconds[ours.name], milliseconds[scikit_learn.name], 25
        ),
        _at_most("peak memory / bare Python with a socket", megabytes[ours.name], bare_megabytes, 1.25, "MB"),
        _at_most("function directory / its limit", _kilobytes(ours), FUNCTION_DIRECTORY_LIMIT_KB, 1, "KB"),
    ]  # fmt: skip
    print(render(claims))
    for name, starts in samples.items():
        quarters = [quantile * 1e3 for quantile in statistics.quantiles([s.seconds for s in starts], n=4)]
        print(
            f"{name}: median {milliseconds[name]:.2f} ms (quartiles {quarters[0]:.2f} to {quarters[2]:.2f}), "
            f"peak {megabytes[name]:.2f} MB, {len(starts)} starts"
        )
    kept = {name: [vars(sample) for sample in starts] for name, starts in samples.items()}
    print(f"all samples: {write_results('cold_start', claims, kept).relative_to(REPOSITORY)}")
    return 0 if all(claim.held for claim in claims) else 1


def _alone(contender: Contender) -> str:
    return f"{contender.name}, alone"


def _kilobytes(contender: Contender) -> float:
    return sum(file.stat().st_size for file in contender.directory.rglob("*") if file.is_file()) / 1e3


def _at_most(text: str, ours: float, other: float, target: float, unit: str = "ms") -> Claim:
    return Claim(text, ours, other, unit, ours / other, target, "at most")


def _at_least(text: str, ours: float, other: float, target: float, unit: str = "ms") -> Claim:
    return Claim(text, ours, other, unit, other / ours, target, "at least")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

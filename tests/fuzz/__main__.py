"""python -m tests.fuzz [KIND ...]: all kinds or some: models, bodies, tables, documents, events, pickles, native.

`IRIS_MODEL_FUZZ_SHARE=20 python -m tests.fuzz native` sends 1,000,000 events to both runtimes.

The kernels that get models, bodies and tables are built with AddressSanitizer and UBSan. The seed is a new one each time, and
printed; `IRIS_MODEL_SEED` sets it, `IRIS_MODEL_FUZZ_SHARE` (1 by default) makes the counts smaller or larger. The exit
status is 1 when anything is found.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz import samples, sanitized
from tests.support.seed import VARIABLE, choose_seed

MODELS, BODIES, TABLES, DOCUMENTS, EVENTS, PICKLES = 100_000, 200_000, 200_000, 100_000, 100_000, 20_000
NATIVE = 50_000
# A share runs in a process of its own; several for each processor, so that all end at the same time, and none takes long.
SHARES = 8
MOST_IN_A_SHARE = 25_000
LIMIT_SECONDS = 1200


class Found(Exception):
    """A process ended as it must not. `str()` of it is what it wrote last."""


def main(kinds: list[str]) -> int:
    """Run these kinds or all, one after the other."""
    seed = choose_seed()
    size = float(os.environ.get("IRIS_MODEL_FUZZ_SHARE") or 1)
    print(f"fuzz: seed {seed} (again with {VARIABLE}={seed})", flush=True)
    status = 0
    known = (
        ("models", MODELS, run_models),
        ("bodies", BODIES, functools.partial(run_texts, "bodies")),
        ("tables", TABLES, functools.partial(run_texts, "tables")),
        ("documents", DOCUMENTS, run_documents),
        ("events", EVENTS, run_events),
        ("pickles", PICKLES, run_pickles),
        ("native", NATIVE, run_native),
    )
    if unknown := set(kinds) - {name for name, _, _ in known}:
        print(f"fuzz: there is no kind {sorted(unknown)[0]!r}", file=sys.stderr)
        return 2
    for name, count, run in known:
        if kinds and name not in kinds:
            continue
        began = time.monotonic()
        count = round(count * size)
        try:
            outcomes = run(seed, count)
            problem = check(name, count, outcomes)
        except Found as found:
            outcomes, problem = Counter(), str(found)
        numbers = ", ".join(f"{outcomes[key]:,} {key}" for key in sorted(outcomes) if key != "sanitized")
        print(f"fuzz: {count:,} {name}: {numbers or 'failed'}; {time.monotonic() - began:.0f} s", flush=True)
        if problem:
            status = 1
            print(f"fuzz: {name}, seed {seed}: {problem}", file=sys.stderr, flush=True)
    return status


def check(name: str, count: int, outcomes: Counter[str]) -> str:
    """What is wrong with the outcomes, or nothing."""
    asked = sum(number for key, number in outcomes.items() if key not in ("sanitized", "executed"))
    if asked != count:
        return f"only {asked} of {count} came to an end: {dict(outcomes)}"
    if outcomes["executed"]:
        return f"{outcomes['executed']} pickles ran something"
    if name in ("models", "bodies", "tables") and not outcomes["sanitized"]:
        return "the kernels ran without a sanitizer"
    if count > 1000 and not (outcomes["refused"] and (outcomes["answered"] or outcomes["opened"])):
        return f"the outcomes are of one kind only: {dict(outcomes)}"
    return ""


def run_models(seed: int, count: int) -> Counter[str]:
    """Mutated compiled models, by an engine whose kernels a sanitizer watches."""
    with tempfile.TemporaryDirectory(prefix="iris-model-fuzz-") as name:
        directory = Path(name)
        sanitized.build(directory)
        samples.write(directory)
        environment = sanitized.make_environment(directory)

        def run(start: int, size: int) -> Counter[str]:
            arguments = ["-S", "-m", "tests.fuzz.models", name, str(seed), str(start), str(size)]
            try:
                return run_python(arguments, environment)
            except Found as found:
                number = directory / f"number-{start}"
                at = number.read_text().strip() if number.exists() else "none"
                raise Found(f"mutation {at}: {found}") from None

        return share(run, count)


def run_texts(kind: str, seed: int, count: int) -> Counter[str]:
    """Bodies of requests, or tables of the Python API, to the kernels that read and write them, which a sanitizer watches."""
    with tempfile.TemporaryDirectory(prefix="iris-model-fuzz-") as name:
        directory = Path(name)
        sanitized.build(directory)
        environment = sanitized.make_environment(directory)
        return share(
            lambda start, size: run_python(
                ["-S", "-m", f"tests.fuzz.{kind}", str(seed), str(start), str(size)], environment
            ),
            count,
        )


def run_documents(seed: int, count: int) -> Counter[str]:
    """Requests and their answers through the kernels, byte for byte against Python."""
    return share(
        lambda start, size: run_python(["-m", "tests.fuzz.documents", str(seed), str(start), str(size)]), count
    )


def run_events(seed: int, count: int) -> Counter[str]:
    """Events to the runtime."""
    return share(lambda start, size: run_python(["-m", "tests.fuzz.events", str(seed), str(start), str(size)]), count)


def run_pickles(seed: int, count: int) -> Counter[str]:
    """Pickles to the opener."""
    return share(lambda start, size: run_python(["-m", "tests.fuzz.pickles", str(seed), str(start), str(size)]), count)


def run_native(seed: int, count: int) -> Counter[str]:
    """Events to the native runtime and to the Python runtime, byte for byte."""
    return share(lambda start, size: run_python(["-m", "tests.fuzz.native", str(seed), str(start), str(size)]), count)


def share(run: Callable[[int, int], Counter[str]], count: int) -> Counter[str]:
    """Run `count` in shares of a start and a size; the sum of the outcomes."""
    shares = max(SHARES, -(-count // MOST_IN_A_SHARE))
    bounds = [count * number // shares for number in range(shares + 1)]

    def run_one(start: int, end: int) -> Counter[str]:
        found = run(start, end - start)
        if shares > SHARES:
            print(f"fuzz: {start:,} to {end:,}: {json.dumps(found)}", flush=True)
        return found

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return sum(pool.map(run_one, bounds[:-1], bounds[1:]), Counter())


def run_python(arguments: list[str], environment: dict[str, str] | None = None) -> Counter[str]:
    """The outcomes that a process prints."""
    try:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=sanitized.REPOSITORY, env=environment, check=False, capture_output=True, text=True,
            timeout=LIMIT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Found(f"not done after {LIMIT_SECONDS} s: {' '.join(arguments)}") from None
    if done.returncode:
        raise Found(f"exit status {done.returncode} of python {' '.join(arguments)}\n{done.stderr[-6000:]}")
    return Counter(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

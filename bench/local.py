"""The local Lambda against the official emulator: the iris function under both, over HTTP, in one run.

    python bench/local.py [rounds] [requests of the endurance run]

One keep-alive client: short rounds, alternating, so that a slow moment of the machine hits all; medians count. The emulator
comes twice: with our runtime under it, which leaves only the services to differ, and with awslambdaric, as it is used. Then 64
clients at once, each of whose answers must be the one to its own question. At last the memory of the service over many
requests. The client is a plain socket: what it costs is paid by both.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from tests.support.rie_binary import rie_binary

from bench.local_client import Crowd, Question, ask_crowd, ask_in_turn
from bench.local_services import Service, official_emulator, our_service
from bench.peers import REPOSITORY, iris_compiled, iris_under_awslambdaric
from bench.report import Claim, render, write_results

ROUNDS = 40
ROUND_REQUESTS = 200
CLIENTS = 64
REQUESTS_OF_EACH_CLIENT = 50
ENDURANCE_REQUESTS = 50_000

# The rows of the crowd differ, so that an answer that went to another client is seen.
SETOSA = Question(b"[5.1, 3.5, 1.4, 0.2]", b"setosa")
VERSICOLOR = Question(b"[5.7, 2.8, 4.5, 1.3]", b"versicolor")
VIRGINICA = Question(b"[6.3, 3.3, 6.0, 2.5]", b"virginica")


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    endurance = int(arguments[1]) if len(arguments) > 1 else ENDURANCE_REQUESTS
    contender, official = iris_compiled(), iris_under_awslambdaric()
    rates: dict[str, list[float]] = {"ours": [], "emulator": [], "emulator with awslambdaric": []}
    with (
        our_service(contender.directory) as ours,
        official_emulator(rie_binary(), contender) as emulator,
        official_emulator(rie_binary(), official) as whole,
    ):
        services = dict(zip(rates, (ours, emulator, whole), strict=True))
        for turn in range(rounds + 1):
            print(f"\rround {turn} of {rounds}", end="", file=sys.stderr, flush=True)
            for name, service in services.items():
                rate = _rate(service)
                if turn:  # round 0 warms up
                    rates[name].append(rate)
        print(file=sys.stderr)
        crowd = ask_crowd(
            ours.address, [SETOSA, VERSICOLOR, VIRGINICA], clients=CLIENTS, requests=REQUESTS_OF_EACH_CLIENT
        )
        memory = _measure_endurance(ours, endurance)
    # Last, because a second request at a time may end the emulator.
    with official_emulator(rie_binary(), contender) as emulator:
        other_crowd = ask_crowd(
            emulator.address, [SETOSA, VERSICOLOR, VIRGINICA], clients=CLIENTS, requests=REQUESTS_OF_EACH_CLIENT
        )
    our_rate, other_rate, official_rate = (statistics.median(rate) for rate in rates.values())
    first, last = memory[0] / 1e6, memory[-1] / 1e6
    claims = [
        Claim(
            "requests/s on one keep-alive client / the emulator's with our runtime in it",
            our_rate,
            other_rate,
            "req/s",
            our_rate / other_rate,
            1.5,
            "at least",
        ),
        Claim(
            "requests/s on one keep-alive client / the emulator's with awslambdaric",
            our_rate,
            official_rate,
            "req/s",
            our_rate / official_rate,
            1.5,
            "at least",
        ),
        Claim(
            f"right answers of {CLIENTS} clients at once / questions",
            crowd.right,
            crowd.asked,
            "",
            crowd.right / crowd.asked,
            1.0,
            "at least",
        ),
        Claim(
            f"memory of the service after {endurance} requests / after a tenth",
            last,
            first,
            "MB",
            last / first,
            1.05,
            "at most",
        ),
    ]
    print(render(claims))
    for name, taken in rates.items():
        print(f"one client, requests/s, {name}: {_quartiles(taken)}")
    print(f"{CLIENTS} clients: ours {_describe(crowd)}; emulator {_describe(other_crowd)}")
    kept = {"requests_per_second": rates, "crowd": [vars(crowd), vars(other_crowd)], "memory_bytes": memory}
    print(f"all samples: {write_results('local', claims, kept).relative_to(REPOSITORY)}")
    return 0 if all(claim.held for claim in claims) else 1


def _rate(service: Service) -> float:
    started = time.perf_counter()
    ask_in_turn(service.address, VERSICOLOR, ROUND_REQUESTS)
    return ROUND_REQUESTS / (time.perf_counter() - started)


def _measure_endurance(service: Service, requests: int) -> list[int]:
    """The resident memory of the service itself after each tenth of the requests."""
    taken = []
    for _ in range(10):
        ask_in_turn(service.address, VERSICOLOR, requests // 10)
        taken.append(psutil.Process(service.pid).memory_info().rss)
    return taken


def _quartiles(rates: list[float]) -> str:
    low, middle, high = statistics.quantiles(rates, n=4)
    return f"median {middle:.0f} (quartiles {low:.0f} to {high:.0f}, fastest round {max(rates):.0f})"


def _describe(crowd: Crowd) -> str:
    return f"{crowd.right} of {crowd.asked} right, {crowd.asked / crowd.seconds:.0f} req/s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

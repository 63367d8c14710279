"""The iris model behind the servers of the field: start to first answer, memory, installed size, one warm request.

    python bench/servers.py [rounds]

Every round starts each once, in turn. A peer that cannot be installed here is left out with a line that says why.
"""

from __future__ import annotations

import http.client
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from tests.support.rie_process import free_port, stop

from bench.report import Claim, render, write_results
from bench.server_peers import SERVER_PEERS, Server, install, ours

ROUNDS = 5
WARM_REQUESTS = 200
START_SECONDS = 90.0
POLL_SECONDS = 0.002
EXPECTED = "versicolor"


@dataclass(frozen=True)
class Sample:
    """One start of one server."""

    first_answer_ms: float
    warm_ms: float
    memory_mb: float


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    found = [ours(), *map(install, SERVER_PEERS)]
    servers = [each for each in found if isinstance(each, Server)]
    notes = [f"not measured: {each}" for each in found if isinstance(each, str)]
    samples: dict[str, list[Sample]] = {server.name: [] for server in servers}
    for turn in range(rounds + 1):
        for server in list(servers):
            print(f"\rround {turn} of {rounds}: {server.name:12}", end="", file=sys.stderr, flush=True)
            try:
                sample = measure(server)
            except (TimeoutError, RuntimeError) as error:
                notes.append(f"not measured: {server.name}: {error}")
                servers.remove(server)
                continue
            if turn:  # round 0 fills the file cache
                samples[server.name].append(sample)
    print(file=sys.stderr)
    claims = [claim for server in servers[1:] for claim in compare(servers[0], server, samples)]
    print(render(claims), *notes, sep="\n")
    kept = {name: [asdict(sample) for sample in taken] for name, taken in samples.items()}
    print(f"all samples: {write_results('servers', claims, kept)}")
    return 0 if all(claim.held for claim in claims) else 1


def compare(mine: Server, peer: Server, samples: dict[str, list[Sample]]) -> list[Claim]:
    """The claims against one peer: how many times ours is faster, or smaller."""

    def claim(what: str, unit: str, target: float, ours: float, other: float) -> Claim:
        return Claim(f"{peer.name} / ours: {what}", ours, other, unit, other / ours, target, "at least")

    def medians(name: str) -> tuple[float, float]:
        return tuple(statistics.median(getattr(s, name) for s in samples[each.name]) for each in (mine, peer))  # type: ignore[return-value]

    return [
        claim("start to first answer", "ms", 10, *medians("first_answer_ms")),
        claim("memory", "MB", 2, *medians("memory_mb")),
        claim("installed size", "MB", 100, mine.installed_bytes / 1e6, peer.installed_bytes / 1e6),
        claim("one warm request", "ms", 1, *medians("warm_ms")),
    ]


def measure(server: Server) -> Sample:
    """Start it, ask until it answers, ask on, look at its memory, stop it."""
    port = free_port()
    environment = {**os.environ, **server.environment(port)}
    first, *rest = server.command(port)
    started = time.perf_counter()
    process = subprocess.Popen(
        [shutil.which(first, path=environment["PATH"]) or first, *rest],
        cwd=server.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for_answer(server, process, port)
        first_answer = time.perf_counter() - started
        warm = _ask_in_turn(server, port)
        return Sample(first_answer * 1e3, warm * 1e3, _memory_bytes(process.pid) / 1e6)
    finally:
        stop(process)


def _wait_for_answer(server: Server, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with status {process.returncode} before it answered")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            answer = _ask(connection, server)
        except (OSError, http.client.HTTPException):
            time.sleep(POLL_SECONDS)
            continue
        finally:
            connection.close()
        if EXPECTED in answer:
            return
        time.sleep(POLL_SECONDS)  # it listens, but is not ready
    raise TimeoutError(f"no right answer within {START_SECONDS:.0f} s; the last was {answer[:200]!r}")


def _ask_in_turn(server: Server, port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    taken = []
    for _ in range(WARM_REQUESTS):
        started = time.perf_counter()
        _ask(connection, server)
        taken.append(time.perf_counter() - started)
    connection.close()
    return statistics.median(taken)


def _ask(connection: http.client.HTTPConnection, server: Server) -> str:
    connection.request("POST", server.path, server.payload.encode(), {"Content-Type": "application/json"})
    return connection.getresponse().read().decode(errors="replace")


def _memory_bytes(pid: int) -> int:
    """Of the whole family, each shared page counted by its share (PSS)."""
    root = psutil.Process(pid)
    total = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

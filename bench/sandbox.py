"""One cold start under the real emulator: from the start of its process to the first correct answer."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.support.rie_process import INVOCATION_PATH, free_port, lambda_environment, stop

from bench.peers import Contender

PAYLOAD = b"[5.7, 2.8, 4.5, 1.3]"
POLL_SECONDS = 0.001
LIMIT_SECONDS = 30.0


@dataclass(frozen=True)
class ColdStart:
    """The time and memory of one cold start."""

    seconds: float
    peak_memory_bytes: int


def measure_cold_start(rie: Path, contender: Contender) -> ColdStart:
    """Start, invoke once, check the answer, stop."""
    port = free_port()
    addresses = {
        "--runtime-interface-emulator-address": f"127.0.0.1:{port}",
        "--runtime-api-address": f"127.0.0.1:{free_port()}",
    }
    command = [str(rie), *(part for pair in addresses.items() for part in pair), *contender.command]
    environment = lambda_environment(contender.directory, dict(contender.environment))
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=contender.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_accepting(port)
        answer = _invoke(port)
        seconds = time.perf_counter() - started
        if contender.expected not in answer:
            raise RuntimeError(f"{contender.name} answered {answer!r}; expected {contender.expected} in it")
        return ColdStart(seconds, _peak_memory_bytes(process.pid))
    finally:
        stop(process)


def measure_bare_python_bytes(python: Path) -> int:
    """Peak memory of a Python that does nothing but hold a socket: the least that any runtime in Python can need."""
    program = "import socket, sys; held = socket.socket(); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([python, "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        peak = high_water_mark_bytes(process.pid)
        process.stdin.close()
    return peak


def _wait_until_accepting(port: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"the emulator does not listen on 127.0.0.1:{port}")


def _invoke(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
    connection.request("POST", INVOCATION_PATH, PAYLOAD)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def _peak_memory_bytes(emulator_pid: int) -> int:
    return sum(high_water_mark_bytes(child.pid) for child in psutil.Process(emulator_pid).children(recursive=True))


def high_water_mark_bytes(pid: int) -> int:
    """Peak memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no VmHWM line")

"""The two services of `bench/local.py`: ours, and the official emulator, each a process of its own on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.rie_process import free_port, lambda_environment, stop, wait_until_accepting

from bench.peers import Contender


@dataclass(frozen=True)
class Service:
    """Where it answers, and the process that does."""

    address: tuple[str, int]
    pid: int


@contextmanager
def our_service(directory: Path) -> Iterator[Service]:
    """`iris-model serve`, as a user starts it."""
    command = [sys.executable, "-m", "iris_model.cli", "serve", str(directory), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        try:
            address = urlsplit(json.loads(process.stdout.readline())["page"])
            assert address.hostname is not None
            assert address.port is not None
            yield Service((address.hostname, address.port), process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


@contextmanager
def official_emulator(binary: Path, contender: Contender) -> Iterator[Service]:
    """The emulator with the same function under the same runtime."""
    port = free_port()
    addresses = ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    addresses += ["--runtime-api-address", f"127.0.0.1:{free_port()}"]
    process = subprocess.Popen(
        [str(binary), *addresses, *contender.command],
        cwd=contender.directory,
        env=lambda_environment(contender.directory, dict(contender.environment)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until_accepting("127.0.0.1", port, lambda: None if process.poll() is None else "the emulator ended")
        yield Service(("127.0.0.1", port), process.pid)
    finally:
        stop(process)

"""One running Runtime Interface Emulator with one runtime under it, on loopback, bounded in time.

In: the command that starts a runtime, a function directory, an environment. Out: what `invoke` answered, and the log.
RIE never ends by itself, so every process here is ended by the context manager, with whatever it started.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INVOCATION_PATH = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True)
class Answer:
    """The emulator's HTTP answer to one invocation."""

    status: int
    body: bytes


@dataclass
class Emulator:
    """A function that answers on `127.0.0.1:port`, in a process or in a container."""

    port: int
    log: str = ""
    """What the function, its runtime and the emulator wrote; whole, and there, once the emulator has ended."""

    def invoke(self, payload: bytes, headers: Mapping[str, str] | None = None, *, timeout: float = 30) -> Answer:
        """Send one invocation as plain curl does."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", INVOCATION_PATH, payload, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_accepting(host: str, port: int, ended: Callable[[], str | None], *, seconds: float = 20) -> None:
    """Wait until the port accepts connections. Raises with the reason if the process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return
        reason = ended()
        if reason:
            raise RuntimeError(reason)
        time.sleep(0.002)
    raise TimeoutError(f"nobody listens on {host}:{port} after {seconds} s")


@contextmanager
def emulator(
    binary: Path, runtime: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Emulator]:
    """Run `runtime` under RIE with the working directory at the function directory, as Lambda does."""
    port = free_port()
    command = [
        str(binary),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{free_port()}",
        *runtime,
    ]
    with tempfile.TemporaryDirectory() as scratch:
        log_file = Path(scratch) / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=lambda_environment(directory, environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        function = Emulator(port)
        try:
            wait_until_accepting("127.0.0.1", port, lambda: _ended(process, log_file))
            yield function
        finally:
            stop(process)
            function.log = log_file.read_text(encoding="utf-8", errors="replace")


def lambda_environment(directory: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """What a sandbox sees: nothing of this machine but PATH."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(directory),
        "AWS_REGION": "us-east-1",
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only on Lambda
        **extra,
    }


def _ended(process: subprocess.Popen[bytes], log_file: Path) -> str | None:
    if process.poll() is None:
        return None
    return f"the emulator ended with status {process.returncode}: {log_file.read_text(errors='replace')[-2000:]}"


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the emulator; it ends the runtime it started. A runtime that outlives it ends with its connection."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(3)

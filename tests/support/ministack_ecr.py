"""MiniStack, whole or its ECR alone: the control plane that boto3 speaks to and the registry protocol, on one loopback port.

MiniStack gets an environment of its own, made once per machine: it pins libraries that are no business of ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.docker_engine import one_at_a_time
from tests.support.requirement import Missing
from tests.support.rie_process import free_port, wait_until_accepting

VERSION = "1.5.33"
DOCKER_VERSION = "7.2.0"
"""Of the library with which it runs functions."""


@cache
def ministack_python() -> str:
    """The Python of an environment with MiniStack in it."""
    home = Path(tempfile.gettempdir()) / f"iris-model-ministack-{VERSION}-{DOCKER_VERSION}-{sys.version_info.minor}"
    python = home / "bin" / "python"
    with one_at_a_time():
        if not (home / ".installed").exists():
            commands = (
                [sys.executable, "-m", "venv", "--clear", str(home)],
                [str(python), "-m", "pip", "install", "--quiet", f"ministack=={VERSION}", f"docker=={DOCKER_VERSION}"],
            )
            for command in commands:
                done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
                if done.returncode:
                    raise Missing(f"MiniStack cannot be installed: {done.stderr.strip()[-300:]}")
            (home / ".installed").touch()
    return str(python)


@contextmanager
def ministack_ecr(directory: Path) -> Iterator[int]:
    """Run its ECR until the end of the `with`; the port answers both protocols."""
    with run_ministack(directory, ["-m", "ministack"], {"SERVICES": "ecr,sts"}) as port:
        yield port


@contextmanager
def ministack(directory: Path, region: str) -> Iterator[int]:
    """Run all of it until the end of the `with`: functions run in containers of Docker Engine."""
    server = str(Path(__file__).parent / "ministack_server.py")
    with run_ministack(directory, [server], {"LAMBDA_EXECUTOR": "docker", "MINISTACK_REGION": region}) as port:
        yield port


@contextmanager
def run_ministack(directory: Path, command: list[str], settings: dict[str, str]) -> Iterator[int]:
    """Run its Python with `command`; ends what it started, containers too."""
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "HOME": str(directory),
        "TMPDIR": str(directory),
        **settings,
    }
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [ministack_python(), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
        )

    def ended() -> str | None:
        status = process.poll()
        return None if status is None else f"MiniStack ended ({status}): {(directory / 'log').read_text()[-1500:]}"

    try:
        wait_until_accepting("127.0.0.1", port, ended, seconds=60)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

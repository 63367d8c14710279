"""MiniStack in a process of its own: the control plane that boto3 speaks to, ECR's registry, endpoints, all on one loopback port.

A directory and settings (MiniStack's own variables) in, the port out; what it started ends with it, containers too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ministack_install import ministack_python
from tests.support.rie_process import free_port, wait_until_accepting

MAIN = Path(__file__).with_name("ministack_main.py")


@contextmanager
def ministack(directory: Path, **settings: str) -> Iterator[int]:
    """Run it until the end of the `with`."""
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
            [ministack_python(), str(MAIN)],
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

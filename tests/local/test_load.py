"""200 connections at once: no error, other requests are answered while sandboxes start, and warm answers are fast."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.foreign_service import serving

CLIENTS, EACH = 200, 10
REQUEST = b"POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n[1]"


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[float, bytes, bytes]:
    began = time.perf_counter()
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    body = await reader.readexactly(size)
    return time.perf_counter() - began, head, body


async def _load(url: str, each: int) -> list[tuple[float, bytes, bytes]]:
    address = urlsplit(url)

    async def client() -> list[tuple[float, bytes, bytes]]:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        replies = [await _ask(reader, writer) for _ in range(each)]
        writer.close()
        return replies

    return [reply for replies in await asyncio.gather(*(client() for _ in range(CLIENTS))) for reply in replies]


def _check(replies: list[tuple[float, bytes, bytes]]) -> None:
    for _, head, body in replies:
        assert head.startswith(b"HTTP/1.1 200"), head + body
        assert b"x-amz-function-error" not in head.lower(), body
        assert body == b"[1]"


def _slowness() -> float:
    """How much slower this process is because of other processes on this machine: 1 without any."""
    began, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.3:
        pass
    return max(1.0, (time.perf_counter() - began) / 0.3)


# As many descriptors as most systems give, of which the service raises the first number to the second.
LIMIT = ["prlimit", "--nofile=1024:4096"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the service is started by prlimit")
def test_two_hundred_connections_to_a_cold_function():
    with serving("root", before=LIMIT) as service:
        _check(asyncio.run(_load(service.url, 3)))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the service is started by prlimit")
def test_two_hundred_connections_to_warm_sandboxes():
    with serving("root", before=LIMIT, sandbox={"provisioned_concurrency": CLIENTS}) as service:
        slowness = _slowness()
        replies = asyncio.run(_load(service.url, EACH))
    _check(replies)
    seconds = sorted(reply[0] for reply in replies)
    p99 = seconds[len(seconds) * 99 // 100]
    print(f"{len(replies)} requests of {CLIENTS} clients: p50 {seconds[len(seconds) // 2]:.3f} s, p99 {p99:.3f} s")
    assert p99 < 1.0 * slowness


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ab") is None, reason="ApacheBench is not installed")
def test_two_hundred_connections_of_apachebench(tmp_path: Path):
    body = tmp_path / "body"
    body.write_bytes(b"[1]")
    with serving("root", before=LIMIT, sandbox={"provisioned_concurrency": CLIENTS}) as service:
        slowness = _slowness()
        load = [
            "ab",
            "-q",
            "-k",
            "-c",
            str(CLIENTS),
            "-n",
            "10000",
            "-s",
            "60",
            "-p",
            str(body),
            "-T",
            "application/json",
        ]
        root = service.url.partition("/_local")[0]  # the page is below
        url = f"{root}/2015-03-31/functions/function/invocations"
        told = subprocess.run([*load, url], capture_output=True, text=True, check=True, timeout=300).stdout
    numbers = {
        name: int(value) for name, value in re.findall(r"^ *([\w\- %]+?)(?: requests)?: +(\d+)$", told, re.MULTILINE)
    }
    # ab speaks HTTP/1.0: it keeps its connections only if the service asks for it.
    assert (numbers["Complete"], numbers["Failed"], numbers["Keep-Alive"]) == (10_000, 0, 10_000), told
    assert "Non-2xx" not in told, told
    p99 = int(re.search(r"^ +99% +(\d+)", told, re.MULTILINE)[1])
    print(f"ab, 10000 requests of {CLIENTS} clients: p99 {p99} ms at a load of {os.getloadavg()[0]:.1f}")
    assert p99 < 1000 * slowness, told

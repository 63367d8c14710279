"""A native function on scratch, in Docker, asked as the README asks."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from iris_model.image.bases.cache import Cache
from iris_model.image.build import build_image
from iris_model.oci import write_archive
from iris_model.project.packaging.native import find_bootstrap
from tests.support.iris_project import write_iris_project

pytestmark = pytest.mark.e2e


@pytest.mark.skipif(find_bootstrap("x86_64") is None, reason="this installation has no native runtime for x86_64")
def test_an_image_on_scratch_answers_the_invocation_path(tmp_path: Path) -> None:
    settings = 'base-image = "scratch"\nruntime = "native"\n'
    project = write_iris_project(tmp_path / "project", "flowers", settings=settings)
    archive = tmp_path / "image.tar"
    write_archive(build_image(project, cache=Cache(tmp_path / "cache")).image, archive)
    loaded = subprocess.run(["docker", "load", "-i", archive], check=True, capture_output=True, text=True).stdout
    image = loaded.split(": ", 1)[1].strip()
    run = ["docker", "run", "--detach", "--rm", "--publish", "127.0.0.1::8080", image]
    container = subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip()
    try:
        shown = subprocess.run(["docker", "port", container, "8080"], check=True, capture_output=True, text=True).stdout
        url = f"http://{shown.split()[0]}/2015-03-31/functions/function/invocations"
        # The first request starts the sandbox, a child process, which must not hold the client's connection.
        assert json.loads(read_to_the_end(url, b"[5.1, 3.5, 1.4, 0.2]"))["prediction"] == "setosa"
        answer, headers = ask(url, b"[5.1, 3.5, 1.4, 0.2]")
        assert answer["prediction"] == "setosa"
        assert "X-Amz-Function-Error" not in headers
        refused, headers = ask(url, b"[1]")
        assert headers["X-Amz-Function-Error"] == "Unhandled"
        assert refused["errorType"] == "InvalidInput"
        log = subprocess.run(["docker", "logs", container], check=True, capture_output=True, text=True).stdout
        assert log.count("REPORT RequestId: ") == 3
        assert log.count("Init Duration") == 1
    finally:
        subprocess.run(["docker", "kill", container], check=False, capture_output=True)
        subprocess.run(["docker", "image", "rm", "--force", image], check=False, capture_output=True)


def ask(url: str, event: bytes) -> tuple[dict[str, object], dict[str, str]]:
    """Post an event, again while the container starts."""
    for _ in range(50):
        try:
            with urllib.request.urlopen(url, event, timeout=10) as answer:
                return json.loads(answer.read()), dict(answer.headers)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the container does not answer")


def read_to_the_end(url: str, event: bytes) -> bytes:
    """Post an event over a plain socket, wait until the server closes it, and return the body."""
    parts = urllib.parse.urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(event)}\r\n\r\n"
    for _ in range(50):
        with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
            connection.sendall(head.encode() + event)
            answer = b""
            # A container that does not listen yet lets Docker's proxy close the connection.
            with contextlib.suppress(ConnectionError):
                while more := connection.recv(65536):
                    answer += more
        if answer:
            return answer.partition(b"\r\n\r\n")[2]
        time.sleep(0.1)
    raise AssertionError("the container does not answer")

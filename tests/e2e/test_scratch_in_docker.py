"""A native function on scratch, in Docker, asked as the README asks."""

from __future__ import annotations

import json
import subprocess
import time
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
        answer, headers = ask(url, b"[5.1, 3.5, 1.4, 0.2]")
        assert answer["prediction"] == "setosa"
        assert "X-Amz-Function-Error" not in headers
        refused, headers = ask(url, b"[1]")
        assert headers["X-Amz-Function-Error"] == "Unhandled"
        assert refused["errorType"] == "InvalidInput"
        log = subprocess.run(["docker", "logs", container], check=True, capture_output=True, text=True).stdout
        assert log.count("REPORT RequestId: ") == 2
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

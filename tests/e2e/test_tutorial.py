"""The whole tutorial, containers included, up to the part that needs an account of AWS."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.book import REPOSITORY, read_blocks
from tests.support.book_runner import PageRunner
from tests.support.docker_base import build_image
from tests.support.docker_engine import docker

pytestmark = pytest.mark.e2e

TUTORIAL = REPOSITORY / "docs" / "tutorial.md"


def test_the_tutorial(tmp_path: Path, lambda_python: str) -> None:
    ignored = shutil.ignore_patterns(".iris-model", "__pycache__")
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples", ignore=ignored)
    base = tmp_path / "base.tar"
    docker("save", lambda_python, "-o", str(base), timeout=120)
    # Where packages come from, and which base is here, is this machine's matter.
    replace = {
        "docker build -t my-iris": f"docker build --build-arg BUILD_IMAGE={build_image(lambda_python)} -t my-iris",
        "iris-model build my-iris": f"iris-model build my-iris --base {base}",
    }
    try:
        ran = PageRunner(TUTORIAL, tmp_path, replace=replace, docker=True).run()
    finally:
        docker("rmi", "--force", "my-iris:latest", check=False)
    assert ran == len(
        [block for block in read_blocks(TUTORIAL) if block.language == "bash" and "cloud" not in block.words]
    )

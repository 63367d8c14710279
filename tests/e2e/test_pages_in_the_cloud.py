"""The parts of pages that need an AWS account, on MiniStack: what a reader types, each time in a new shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.book import REPOSITORY, read_blocks
from tests.support.book_runner import PageRunner
from tests.support.ministack_cloud import Cloud, Pushed

pytestmark = pytest.mark.e2e

DOCS = REPOSITORY / "docs"


@pytest.mark.parametrize("name", ["tutorial.md", "how-to/deploy.md", "how-to/private-endpoint.md", "how-to/canary.md"])
def test_the_page_is_true_in_the_cloud(cloud: Cloud, pushed: Pushed, tmp_path: Path, name: str):
    ignored = shutil.ignore_patterns(".iris-model", "__pycache__")
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples", ignore=ignored)
    before = cloud.inventory()
    replace = {
        # No registry with base images is available here: the image is the one that Docker built of the same project.
        "iris-model deploy": f"iris-model deploy --image {cloud.shared(pushed.iris)}",
        "--for 15": "--for 0.1",
        # There is no terminal, so nobody can answer a question.
        "iris-model destroy": "iris-model destroy --yes",
        # Not every resolver knows names below localhost, where MiniStack has its endpoints.
        "curl ": 'curl --connect-to "::127.0.0.1:" ',
    }
    page = DOCS / name
    ran = PageRunner(page, tmp_path, replace=replace, cloud=cloud.environment).run()
    assert ran == len([each for each in read_blocks(page) if each.language == "bash" and "docker" not in each.words])
    assert cloud.inventory() == before

"""The commands of the tutorial and of the guides, run as they stand there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.book import REPOSITORY, read_blocks
from tests.support.book_runner import MAKE_RUN, PageRunner, makefile_run

DOCS = REPOSITORY / "docs"
QUICK = ("tutorial.md",)
# Each trains and compiles models.
SLOW = (
    "how-to/own-steps.md",
    "how-to/scikit-learn.md",
    "how-to/boosting.md",
    "how-to/onnx.md",
    "how-to/text-and-frames.md",
    "how-to/cold-starts.md",
)


def check_page(name: str, directory: Path) -> None:
    ignored = shutil.ignore_patterns(".iris-model", "__pycache__")
    shutil.copytree(REPOSITORY / "examples", directory / "examples", ignore=ignored)
    page = DOCS / name
    to_run = [block for block in read_blocks(page) if block.language == "bash" and "docker" not in block.words]
    assert to_run and PageRunner(page, directory).run() == len(to_run)


@pytest.mark.parametrize("name", QUICK)
def test_the_page_is_true(name: str, tmp_path: Path) -> None:
    check_page(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_the_guide_is_true(name: str, tmp_path: Path) -> None:
    check_page(name, tmp_path)


def test_make_run_is_what_the_tutorial_starts() -> None:
    assert MAKE_RUN in makefile_run()

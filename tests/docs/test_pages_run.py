"""Run the commands of the tutorial and of the guides as they are on the page."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from iris_model.oci import Platform, write_archive
from tests.docs.moved_models import write_models
from tests.support.base_images import base_image
from tests.support.book import REPOSITORY, read_blocks
from tests.support.book_runner import MAKE_RUN, NEEDS, PageRunner, makefile_run

DOCS = REPOSITORY / "docs"
MOVING = "how-to/moving.md"
README = "README.md"
# Each trains and compiles models.
SLOW = (
    "tutorial.md",
    "how-to/own-steps.md",
    "how-to/python-api.md",
    "how-to/score-files.md",
    "how-to/scikit-learn.md",
    "how-to/boosting.md",
    "how-to/onnx.md",
    "how-to/text-and-frames.md",
    "how-to/cold-starts.md",
    "how-to/arm64.md",
    "how-to/base-image.md",
    "how-to/zip.md",
    "how-to/private-endpoint.md",
    "how-to/github-actions.md",
    "how-to/compare-models.md",
    "how-to/cost.md",
    "how-to/what-is-in-it.md",
    MOVING,
    README,
    "reference/compiled-model.md",
    "reference/clients.md",
)
ON_A_BASE = ("how-to/arm64.md", "how-to/base-image.md", "how-to/what-is-in-it.md")


def check_page(name: str, directory: Path) -> None:
    ignored = shutil.ignore_patterns(".iris-model", "__pycache__")
    shutil.copytree(REPOSITORY / "examples", directory / "examples", ignore=ignored)
    page = REPOSITORY / name if name == README else DOCS / name
    to_run = [block for block in read_blocks(page) if block.language == "bash" and not NEEDS.intersection(block.words)]
    replace = prepare_base(directory) if name in ON_A_BASE else {}
    if name == MOVING:
        write_models(directory)
    if name in (README, "tutorial.md", "how-to/cost.md"):
        # Only makes the test faster.
        replace = {
            f"iris-model cost {project}": f"iris-model cost {project} --no-original"
            for project in ("my-project", "my-iris", "flowers")
        }
    if name == README:
        shutil.copy(directory / "examples/iris/iris_trained_model.pkl", directory / "my.pkl")
    assert to_run and PageRunner(page, directory, replace=replace).run() == len(to_run)


def prepare_base(directory: Path) -> dict[str, str]:
    """Base images as files, like those of a registry: a small one for each architecture."""
    python = "{}.{}".format(*sys.version_info)
    write_archive(base_image(python), directory / "base.tar")
    write_archive(base_image(python, platform=Platform(architecture="arm64")), directory / "arm64.tar")
    return {"--arch arm64": "--arch arm64 --base arm64.tar"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_the_guide_is_true(name: str, tmp_path: Path) -> None:
    check_page(name, tmp_path)


def test_make_run_is_what_the_tutorial_starts() -> None:
    assert MAKE_RUN in makefile_run()

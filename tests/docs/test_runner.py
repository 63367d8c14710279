"""The runner of pages: a page that is not true fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.book_runner import PageRunner


def run(directory: Path, text: str, *, docker: bool = False) -> int:
    page = directory / "page.md"
    page.write_text(text, encoding="utf-8")
    return PageRunner(page, directory, docker=docker).run()


def test_a_page_that_is_true(tmp_path: Path) -> None:
    assert run(tmp_path, "```python a.py\nprint(6 * 7)\n```\n\n```bash\npython a.py\n```\n\n```text\n42\n```\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "```bash\necho 41\n```\n\n```text\n42\n```\n",
        "```bash\nfalse\n```\n",
        "```bash\nfalse | true\n```\n",
        "```bash fails\ntrue\n```\n",
    ],
)
def test_a_page_that_is_not(tmp_path: Path, text: str) -> None:
    with pytest.raises(AssertionError, match=r"page\.md:"):
        run(tmp_path, text)


def test_what_is_only_shown_and_what_needs_docker_is_not_run(tmp_path: Path) -> None:
    assert run(tmp_path, "```\nfalse\n```\n\n```bash docker\nfalse\n```\n\n```text\nnothing\n```\n") == 0

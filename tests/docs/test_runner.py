"""The page runner: a page with a wrong command or output fails."""

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


@pytest.mark.parametrize("needs", ["docker", "cloud"])
def test_shown_blocks_and_blocks_with_missing_needs_are_not_run(tmp_path: Path, needs: str) -> None:
    assert run(tmp_path, f"```\nfalse\n```\n\n```bash {needs}\nfalse\n```\n\n```text\nnothing\n```\n") == 0


def test_in_a_cloud_the_printed_address_is_put_in(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    says = "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris"
    page.write_text(
        f"```bash cloud\necho endpoint {says}\n```\n\n```bash cloud\necho to ADDRESS $WHO\n```\n\n```text\nto {says} me\n```\n"
    )
    assert PageRunner(page, tmp_path, cloud={"WHO": "me"}).run() == 2

"""Every link of the documentation leads somewhere, and the index names every page."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.book import REPOSITORY, pages, read_anchors, read_inline_code, read_links

NAMES = [str(page.relative_to(REPOSITORY)) for page in pages()]
OUR_PATH = re.compile(r"(?:docs|tests|src|bench|scripts|examples)/[\w./-]+")
# Written by hand where it is needed, or made by a command.
MADE = re.compile(r"bench/results\b|/\.iris-model")


def find_broken(page: Path) -> list[str]:
    broken = []
    for link in read_links(page):
        parts = urlsplit(link)
        if parts.scheme:
            if parts.scheme not in ("https", "mailto") and parts.hostname not in ("127.0.0.1", "localhost"):
                broken.append(f"{link}: expected https")
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.exists():
            broken.append(f"{link}: there is no {target.relative_to(REPOSITORY)}")
        elif parts.fragment and parts.fragment not in read_anchors(target):
            broken.append(f"{link}: {target.name} has the headings {sorted(read_anchors(target))}")
    return broken


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    assert find_broken(REPOSITORY / name) == []


@pytest.mark.parametrize("name", NAMES)
def test_files_that_are_named_are_there(name: str) -> None:
    named = [code for code in read_inline_code(REPOSITORY / name) if OUR_PATH.fullmatch(code) and not MADE.search(code)]
    assert [code for code in named if not (REPOSITORY / code).exists()] == []


def test_the_index_names_every_page() -> None:
    index = REPOSITORY / "docs" / "README.md"
    linked = {(index.parent / urlsplit(link).path).resolve() for link in read_links(index) if not urlsplit(link).scheme}
    missing = [page for page in pages() if page.is_relative_to(index.parent) and page != index and page not in linked]
    assert missing == []


def test_anchors_are_those_of_the_headings() -> None:
    assert read_anchors(REPOSITORY / "SECURITY.md") == {
        "security",
        "reporting",
        "opening-a-model",
        "what-is-trusted-and-what-is-not",
    }

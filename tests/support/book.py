"""The pages of the documentation as a test reads them: blocks of code, links, headings.

In: a Markdown file. Out: what is in it, by a parser that we did not write. It judges nothing.

What the first words after a fence mean to the tests (a reader sees none of it):

| fence | meaning |
|---|---|
| `bash` | a test runs it |
| `bash fails` | a test runs it, and it fails, as the page says |
| `bash serve` | a test starts it, and ends it with the page or with the next one |
| `bash docker`, `bash docker serve` | the same, where there is Docker |
| `bash cloud` | the same, where there is an account of AWS (in the tests MiniStack) |
| `text` after a `bash` | each of its lines is in what was printed |
| `python NAME` | a file of that name |
| `insights` | a query of CloudWatch Logs Insights, run on captured lines by `tests/docs/test_monitoring.py` |
| none | shown only: it needs a network, or is a fragment |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """One block of code: where it is, the words after its fence, and its text."""

    page: Path
    line: int
    words: tuple[str, ...]
    text: str

    @property
    def language(self) -> str:
        """The first word, or nothing."""
        return self.words[0] if self.words else ""

    def __str__(self) -> str:
        inside = self.page.is_relative_to(REPOSITORY)
        return f"{self.page.relative_to(REPOSITORY) if inside else self.page.name}:{self.line}"


def pages() -> list[Path]:
    """Every page that a user reads."""
    top = ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "CHANGELOG.md")
    return [REPOSITORY / name for name in top] + sorted((REPOSITORY / "docs").rglob("*.md"))


@cache
def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def read_blocks(page: Path) -> list[Block]:
    """The blocks of code of a page, fenced or indented."""
    found = [token for token in _tokens(page) if token.type in ("fence", "code_block")]
    return [Block(page, (token.map or [0])[0] + 1, tuple(token.info.split()), token.content) for token in found]


def read_inline_code(page: Path) -> list[str]:
    """The text between backticks in sentences."""
    return [each.content for token in _tokens(page) for each in token.children or () if each.type == "code_inline"]


def read_links(page: Path) -> list[str]:
    """The targets of all links and pictures, as they are written."""
    children = [each for token in _tokens(page) for each in token.children or ()]
    targets = [each.attrGet("href") or each.attrGet("src") for each in children if each.type in ("link_open", "image")]
    return [str(target) for target in targets]


def read_anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    tokens = _tokens(page)
    anchors: set[str] = set()
    for token, following in pairwise(tokens):
        if token.type != "heading_open":
            continue
        words = "".join(each.content for each in following.children or ())
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in anchors:
            number += 1
        anchors.add(anchor)
    return anchors

"""The prose of a page (paragraphs and items of lists, without code, tables and headings) and of a source file."""

from __future__ import annotations

import io
import re
import tokenize
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

_END = re.compile(r"(?<=[.!?])[)\"*_]*\s+(?=[A-Z`\"(*\[0-9])|(?<=:)\s*$")
_ABBREVIATIONS = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf)\.")


def read_paragraphs(page: Path) -> list[str]:
    """The text of each paragraph and list item. A piece of code or the target of a link counts as one word."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    found = []
    for before, token in pairwise(tokens):
        if token.type == "inline" and before.type == "paragraph_open":
            parts = [
                "CODE" if each.type == "code_inline" else " " if each.type == "softbreak" else each.content
                for each in token.children or ()
                if each.type in ("text", "code_inline", "softbreak")
            ]
            found.append("".join(parts))
    return found


def read_sentences(page: Path) -> list[str]:
    """The sentences of a page."""
    sentences = []
    for paragraph in read_paragraphs(page):
        text = _ABBREVIATIONS.sub("for example", paragraph)
        sentences += [sentence.strip() for sentence in _END.split(text) if sentence.strip()]
    return sentences


def count_words(sentence: str) -> int:
    """The words of a sentence."""
    return len(sentence.split())


def read_prose_lines(page: Path) -> list[tuple[int, str]]:
    """The lines of a page outside of code blocks and tables, with their numbers."""
    lines = page.read_text(encoding="utf-8").splitlines()
    tokens = MarkdownIt("commonmark").enable("table").parse("\n".join(lines))
    skipped: set[int] = set()
    for token in tokens:
        if token.type in ("fence", "code_block", "table_open", "html_block") and token.map:
            skipped |= set(range(*token.map))
    return [(number, line) for number, line in enumerate(lines, 1) if number - 1 not in skipped]


_C_PROSE = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|<!--.*?-->", re.DOTALL
)
# Code in a comment, and what an f-string fills in.
_CODE = re.compile(r"`[^`\n]*`|\{[^{}\n]*\}")
_TAG = re.compile(r"<[^>]*>")


def read_source_prose(path: Path) -> str:
    """The comments, docstrings and sentences of a source file, in their lines; names and single words are left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        kinds = (tokenize.COMMENT, tokenize.STRING)
        pieces = [(each.start[0], _CODE.sub("CODE", each.string)) for each in _tokens(text) if each.type in kinds]
    elif path.suffix == ".html":
        pieces = list(enumerate((_TAG.sub("", line) for line in text.splitlines()), 1))
    else:
        pieces = [(text.count("\n", 0, each.start()) + 1, each[0]) for each in _C_PROSE.finditer(text)]
    lines = [""] * (text.count("\n") + 2)
    for start, piece in pieces:
        if " " in piece.strip("\"'`rbf "):
            for offset, line in enumerate(piece.splitlines()):
                lines[start - 1 + offset] += f" {line}"
    return "\n".join(lines)


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))

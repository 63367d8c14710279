"""Hooks of mkdocs.yml: what a page of `docs/` needs to become a page of the site. MkDocs calls them by name.

In: pages as GitHub shows them. Out: the same pages for MkDocs. Four things differ:

- CONTRIBUTING.md, CODE_OF_CONDUCT.md, SECURITY.md and CHANGELOG.md are outside of `docs/`, and become pages of the site.
- Links from there into `docs/`, and back, change.
- Links to other files of the repository lead to its web page.
- After a fence, MkDocs takes the language only; our tests read more words there (tests/support/book.py).
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
with (ROOT / "pyproject.toml").open("rb") as _file:
    REPOSITORY_URL: str = tomllib.load(_file)["project"]["urls"]["Source"]
OUTSIDE = ("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md", "CHANGELOG.md")
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\w+) [^`\n]*$", re.MULTILINE)
LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s]+)(?=\))")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are outside of `docs/`."""
    for name in OUTSIDE:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page for MkDocs."""
    source = page.file.src_uri
    text = FENCE.sub(r"\g<indent>\g<fence>\g<language>", markdown)
    return LINK.sub(lambda found: move_link(found["target"], source), text)


def move_link(target: str, source: str) -> str:
    """Return a link of the page `source` (its path in the site) as a link between pages of the site.

    Links to other hosts and to headings of the same page stay. Files that are no page, the README among them, are
    on the web page of the repository.
    """
    parts = urlsplit(target)
    if parts.scheme or not parts.path:
        return target
    folder = "" if source in OUTSIDE else posixpath.join("docs", posixpath.dirname(source))
    inside_repository = posixpath.normpath(posixpath.join(folder, parts.path))
    if inside_repository in OUTSIDE or inside_repository.startswith("docs/"):
        page = inside_repository.removeprefix("docs/")
        moved = posixpath.relpath(page, posixpath.dirname(source) or ".")
    elif (ROOT / inside_repository).is_file():
        moved = f"{REPOSITORY_URL}/blob/main/{inside_repository}"
    else:
        return target
    return f"{moved}#{parts.fragment}" if parts.fragment else moved

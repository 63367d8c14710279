"""The documentation as a site (mkdocs.yml): complete, the same as on GitHub, and independent of other hosts."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import iris_model
from iris_model.contract import documentation
from iris_model.contract.documentation import DOCS_URL
from tests.support.book import REPOSITORY, pages, read_anchors

pytest.importorskip("mkdocs", reason="the site needs the extra docs")

BUILD_SECONDS = 180
# Pages of the site: all but the README, which is for GitHub and PyPI.
PAGES = [page for page in pages() if page.name != "README.md" or page.parent.name == "docs"]
ADDRESS = re.compile(re.escape(DOCS_URL) + r"(?P<path>[\w/-]*)(?P<anchor>#[\w-]+)?")
# Makes every connection to another host an error.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise SystemExit(f"the build of the site used the network: {event} {arguments}")
sys.addaudithook(refuse)
"""
# Tags that load something, with the attribute that names it.
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}


def site_path(page: Path) -> str:
    """The path of a page in the site, as in its address."""
    if page.parent == REPOSITORY:
        return f"{page.stem}/"
    inside = page.relative_to(REPOSITORY / "docs").with_suffix("").as_posix()
    return "" if inside == "README" else f"{inside}/"


class Elements(HTMLParser):
    """What a page contains: elements of its article, ids, and addresses that a browser loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self._in_article = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        self._in_article |= tag == "article"
        if self._in_article:
            self.counts[tag] += 1
        if tag in LOADING:
            self.loaded.append(values.get(LOADING[tag], ""))
        if tag == "link" and values.get("rel") not in ("canonical", "prev", "next", "alternate"):
            self.loaded.append(values.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_article &= tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site with warnings as errors and without a network."""
    scratch = tmp_path_factory.mktemp("site")
    (scratch / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", scratch / "site"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(scratch), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return scratch / "site"


def read(site: Path, page: Path) -> Elements:
    return Elements((site / site_path(page) / "index.html").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    found = {
        str(path.relative_to(site)): [address for address in elements.loaded if "//" in address]
        for path in site.rglob("*.html")
        if (elements := Elements(path.read_text(encoding="utf-8"))).loaded
    }
    assert len(found) > len(PAGES)
    assert {path: addresses for path, addresses in found.items() if addresses} == {}
    for path in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")), path


@pytest.mark.slow
def test_pages_have_the_elements_that_github_shows(site: Path) -> None:
    """Markdown has dialects: a list without an empty line before it is no list in some of them."""
    different = []
    for page in PAGES:
        if page.name == "python.md":
            continue  # its text comes from docstrings
        tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
        kinds = Counter(token.type for token in tokens)
        expected = {"li": kinds["list_item_open"], "table": kinds["table_open"], "tr": kinds["tr_open"]}
        expected["pre"] = kinds["fence"] + kinds["code_block"]
        counts = read(site, page).counts
        different += [
            f"{page.name}: {tag} {counts[tag]}, expected {number}"
            for tag, number in expected.items()
            if counts[tag] != number
        ]
    assert different == []


@pytest.mark.slow
def test_the_search_finds_every_page(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text(encoding="utf-8"))
    assert {site_path(page) for page in PAGES} <= {entry["location"] for entry in index["docs"]}


@pytest.mark.slow
def test_the_python_reference_has_the_whole_api(site: Path) -> None:
    ids = read(site, REPOSITORY / "docs/reference/python.md").ids
    assert [name for name in iris_model._API if f"iris_model.{name}" not in ids] == []
    engines = {
        name: [each for each in ids if each.startswith(f"iris_model.integrations.{name}.")]
        for name in iris_model._ENGINES
    }
    assert [name for name, found in engines.items() if not found] == []
    methods = [name for name in vars(iris_model.Model) if not name.startswith("_")]
    assert [name for name in methods if f"iris_model.Model.{name}" not in ids] == []


@pytest.mark.slow
def test_the_anchors_are_those_of_github(site: Path) -> None:
    missing = {}
    for page in PAGES:
        # The second heading of the same words is `-1` on GitHub and `_1` here; strict links show that no page needs it.
        ids = {re.sub(r"_(\d+)$", r"-\1", each) for each in read(site, page).ids}
        missing[page.name] = sorted(read_anchors(page) - ids)
    assert {name: anchors for name, anchors in missing.items() if anchors} == {}


def test_addresses_in_the_source_are_pages_of_the_site() -> None:
    """Someone who installed a wheel has no `docs/`, so messages and templates name the site."""
    known = {site_path(page): page for page in PAGES}
    constants = [value for name, value in vars(documentation).items() if name.isupper() and name != "DOCS_URL"]
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((REPOSITORY / "src/iris_model").rglob("*"))
        if path.suffix in (".py", ".toml", ".yml", ".js", ".html", ".md")
    ]
    found = {(match["path"], match["anchor"]) for text in [*texts, *constants] for match in ADDRESS.finditer(text)}
    assert len(found) > len(constants) > 0
    assert {path for path, _ in found if path not in known} == set()
    anchors = {(path, anchor) for path, anchor in found if anchor}
    assert {each for each in anchors if each[1][1:] not in read_anchors(known[each[0]])} == set()


@pytest.mark.slow
def test_messages_name_no_file_of_the_repository() -> None:
    """Comments and docstrings may; a string that a user sees must not."""
    found = []
    for path in sorted((REPOSITORY / "src/iris_model").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found += [
            f"{path.name}:{node.lineno} {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and re.search(r"\bdocs/[\w/-]+\.md", node.value)
        ]
    assert [each for each in found if "reference.py" not in each and "_page.py" not in each] == []

"""The pages, the source and the tests are plain English: no banned words, short sentences, short lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.prose import count_words, read_prose_lines, read_sentences, read_source_prose
from tests.docs.words import find_banned
from tests.support.book import REPOSITORY, pages

# A changelog records what was written at the time.
PAGES = [page for page in pages() if page.name != "CHANGELOG.md"]
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
SOURCES = sorted(
    path
    for suffix in ("py", "js", "css", "html", "c", "h", "toml")
    for path in (REPOSITORY / "src/iris_model").rglob(f"*.{suffix}")
)
# The two files that list the banned words.
LISTS = [REPOSITORY / "tests/docs/words.py", REPOSITORY / "tests/docs/test_language.py"]
OTHER_CODE = sorted(
    path
    for folder in ("tests", "bench", "scripts", "examples")
    for path in (REPOSITORY / folder).rglob("*")
    if path.suffix in (".py", ".js") and path not in LISTS and not {"build", ".iris-model"} & set(path.parts)
)
SCRIPTS = [path for path in (REPOSITORY / "scripts").iterdir() if path.is_file() and not path.suffix]
TEST_NAME = re.compile(r"def (test_\w+)\(")
MOST_WORDS_ON_AVERAGE = 30
MOST_WORDS = 60
LONGEST_LINE = 140


@pytest.mark.parametrize("name", NAMES)
def test_pages_have_no_banned_words(name: str) -> None:
    assert find_banned((REPOSITORY / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "folder", sorted({path.relative_to(REPOSITORY / "src/iris_model").parts[0] for path in SOURCES})
)
def test_the_source_has_no_banned_words(folder: str) -> None:
    inside = [path for path in SOURCES if path.relative_to(REPOSITORY / "src/iris_model").parts[0] == folder]
    found = {str(path.relative_to(REPOSITORY)): find_banned(read_source_prose(path)) for path in inside}
    assert {path: words for path, words in found.items() if words} == {}


def test_tests_benches_scripts_and_examples_have_no_banned_words() -> None:
    found = {str(path.relative_to(REPOSITORY)): find_banned(read_source_prose(path)) for path in OTHER_CODE}
    found |= {path.name: find_banned(path.read_text(encoding="utf-8")) for path in SCRIPTS}
    assert {path: words for path, words in found.items() if words} == {}


def test_names_of_tests_have_no_banned_words() -> None:
    names = {name for path in OTHER_CODE for name in TEST_NAME.findall(path.read_text(encoding="utf-8"))}
    assert {name: words for name in sorted(names) if (words := find_banned(name.replace("_", " ")))} == {}


@pytest.mark.parametrize("name", NAMES)
def test_sentences_are_short(name: str) -> None:
    sentences = read_sentences(REPOSITORY / name)
    assert [sentence for sentence in sentences if count_words(sentence) > MOST_WORDS] == []
    if sentences:
        assert sum(map(count_words, sentences)) / len(sentences) < MOST_WORDS_ON_AVERAGE


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_short(name: str) -> None:
    assert [(number, line) for number, line in read_prose_lines(REPOSITORY / name) if len(line) >= LONGEST_LINE] == []


def test_banned_words_would_be_found() -> None:
    assert find_banned("The room is\nmade Anew.") == [
        "1: 'room': our private word; write `package` (or `space` on a disk)",
        "2: 'Anew': archaic; write `again`",
    ]
    assert find_banned("bedroom, lawful, a fixed mandate") == []


def test_sentences_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A head\n\nOne `a b c` here. Two,\nand [more](x.md).\n\n- An item\n\n```\ncode. code\n```\n\n| a |\n|---|\n| b |\n"
    )
    assert read_sentences(page) == ["One CODE here.", "Two, and more.", "An item"]
    assert [number for number, line in read_prose_lines(page) if line] == [1, 3, 4, 6]

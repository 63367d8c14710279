"""Which tests `make check`, `make test`, `make e2e` and `make exhaustive` run: each test is in one of them at least."""

from __future__ import annotations

import itertools
import re
import tomllib

from _pytest.mark.expression import Expression

from tests.support.book import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
MARKS = ("e2e", "slow", "hypothesis", "exhaustive")


def expression_of(target: str) -> str:
    """What `-m` says in a target of the Makefile."""
    found = re.search(rf'^{target}:.*\n\t.* -m "([^"]+)"', MAKEFILE, re.MULTILINE)
    assert found, target
    return found[1]


def runs(target: str, marks: set[str]) -> bool:
    """Whether a target runs a test with these marks, by its expression and by the rule of tests/conftest.py."""
    text = expression_of(target)
    if "slow" in marks and "slow" not in text:
        return False
    return Expression.compile(text).evaluate(lambda name, /, **_: name in marks)


def test_every_test_is_run_and_slow_ones_not_in_make_test() -> None:
    for size in range(len(MARKS) + 1):
        for marks in map(set, itertools.combinations(MARKS, size)):
            # A test with the mark `exhaustive` has `e2e` or `slow` as well.
            if marks & {"e2e", "slow"} or "exhaustive" not in marks:
                assert any(runs(target, marks) for target in ("test", "e2e-tests", "exhaustive-tests")), marks
            assert not (runs("test", marks) and marks & {"e2e", "slow"}), marks


def test_make_check_runs_the_tests_that_make_test_skips() -> None:
    recipe = re.search(r"^test:.*\n\t(.*)", MAKEFILE, re.MULTILINE)
    assert recipe and "--ignore" not in recipe[1].replace("$(addprefix --ignore=,$(OF_THE_TEXT))", "")
    assert re.search(r"^check-all:\n(\t.*\n)*\t.*pytest.* \$\(OF_THE_TEXT\)$", MAKEFILE, re.MULTILINE)


def test_the_marks_are_registered_and_make_test_has_its_budget() -> None:
    options = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"][
        "ini_options"
    ]
    assert {"e2e", "slow"} <= {text.partition(":")[0] for text in options["markers"]}
    assert "--strict-markers" in options["addopts"]
    assert '@scripts/timed "make test" 180 --' in MAKEFILE

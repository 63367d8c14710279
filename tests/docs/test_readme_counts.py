"""The counts of the zoos in the README. They are those of the newest libraries: older ones lack some estimators."""

from pathlib import Path

from tests.fallback.test_fallback_zoo import ENTRIES
from tests.parity.test_zoo import CASES

README = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())


def test_compiled_models() -> None:
    assert f"{len(CASES):,} models (each estimator on each kind of data)" in README


def test_models_that_keep_their_library() -> None:
    assert f"{len(ENTRIES)} models that keep their own library" in README

"""A missing part skips a test on a developer's machine and fails it in CI."""

from __future__ import annotations

import pytest

from tests.support.requirement import Missing, require


def missing() -> str:
    raise Missing("there is no greenhouse here")


def test_an_available_part_is_returned() -> None:
    assert require(lambda: "greenhouse") == "greenhouse"


def test_a_missing_part_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no greenhouse here"):
        require(missing)


def test_a_missing_part_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nothing is skipped: there is no greenhouse here"):
        require(missing)

"""Malformed events: an answer, the answer to a ping, or one clear refusal. `make e2e` sends 100,000 with other seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.events import ask, load_models


def test_an_answer_or_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    outcomes = ask(load_models(tmp_path), seed=14, start=0, count=500)
    assert set(outcomes) == {"answered", "refused", "problems", "pings"}, outcomes

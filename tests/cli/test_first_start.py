"""The measurement that `init` ends with: size, start, and the estimate of the cost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from iris_model.cli.costs.first_start import FirstStart
from iris_model.cli.costs.first_text import describe_first_start, measured_document
from tests.cli.test_commands import MODEL, run


@pytest.mark.slow
def test_init_measures_if_asked(tmp_path: Path) -> None:
    result = run("init", tmp_path / "flowers", "--model", MODEL, "--measure", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["measured"]
    assert 100_000 < found["size_bytes"] < 2_000_000
    assert found["starts"] == 3
    assert found["start_ms"] > found["warm_ms"] > 0
    assert found["import_ms"] > 0
    assert 0 < float(found["usd"]) <= float(found["original_usd"]) < 20
    assert (tmp_path / "flowers" / ".iris-model" / "function").is_dir(), "serve and package need not make it again"


def test_without_a_terminal_it_does_not(tmp_path: Path) -> None:
    result = run("init", tmp_path / "flowers", "--model", MODEL)
    assert result.exit_code == 0, result.output
    assert "\nStart " not in result.stdout
    assert json.loads(run("init", tmp_path / "two", "--model", MODEL, "--json").stdout)["measured"] is None


def test_the_card_shows_size_start_and_cost() -> None:
    first = FirstStart(258_000, 3, 61.2, 1.24, Decimal("0.151"), "scikit-learn", 640.0, Decimal("0.34"))
    assert list(describe_first_start(first, 128)) == [
        "Size      252 KiB of function directory",
        "Start     61 ms from the start of the process to its first answer, then 1.2 ms (median of 3 starts here, at full "
        "speed; 128 MB get 7% of a vCPU)",
        "          640 ms for importing scikit-learn alone, which this function does not need",
        "Cost      about $0.15 a month at 500 requests a day, at least $0.34 with scikit-learn (an estimate; iris-model cost "
        "measures)",
    ]
    assert measured_document(first)["usd"] == "0.151"
    alone = FirstStart(258_000, 1, 2_900.0, 9.0, None)
    assert [line.split()[0] for line in describe_first_start(alone, 512)] == ["Size", "Start"]

"""The table of `cost`, from numbers that are made up: nothing is measured."""

from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.cli.cost_original import Beside, Executed
from iris_model.cli.cost_text import print_table
from iris_model.cost import PATTERNS, Measurement, Workload, estimate_all, find_break_evens, make_curves, read_prices

COMPILED = Measurement(128, 1.2, 0.6, 9.9, 45.0, 44.0, 10, 63, 7, 41.5, 59.0)
ORIGINAL = Measurement(512, 3.0, 2.4, 9.0, 1500.0, 1499.0, 158, 33, 3, 1450.0, 1600.0)
BASELINE = "Lambda x86_64, HTTP API"


def shown(capsys, monkeypatch, *, width=80, sizes=(200_000, 270_000_000), **changes):
    monkeypatch.setenv("COLUMNS", str(width))
    workload = replace(Workload(500, PATTERNS["office-hours"], COMPILED, read_prices(), original=ORIGINAL), **changes)
    beside = Beside(Executed("compiled", COMPILED, sizes[0]), Executed("original", ORIGINAL, sizes[1]))
    estimates = estimate_all(workload)
    print_table(workload, estimates, find_break_evens(workload, make_curves(workload), BASELINE), BASELINE, beside)
    return capsys.readouterr().out.splitlines()


def test_both_executors_number_by_number(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch)
    begin = next(index for index, line in enumerate(lines) if line.split() == ["compiled", "original"])
    rows = {line[:18].strip(): line[18:].split() for line in lines[begin + 1 : begin + 10]}
    assert rows["memory size"] == ["128", "MB", "512", "MB", "4.0", "x"]
    assert rows["size, unpacked"] == ["0.2", "MB", "270.0", "MB", "1,350", "x"]
    assert rows["init"] == ["41.5", "ms", "1,450.0", "ms", "35", "x"]
    assert rows["cold start, p99"] == ["59.0", "ms", "1,600.0", "ms", "27", "x"]
    assert rows["warm"] == ["0.6", "ms", "2.4", "ms", "4.0", "x"]


def test_a_size_that_is_not_known_has_no_ratio(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch, sizes=(200_000, None), image_gb=Decimal("0.2"))
    assert any(line.split() == ["size,", "unpacked", "0.2", "MB", "unknown"] for line in lines)
    # Its image has a price, of a quantity that nobody knows.
    assert any(line.split() == ["unknown", "unknown", "unknown", "x86_64,", "HTTP", "API"] for line in lines)
    assert any(line.startswith("- unknown: image in ECR") for line in lines)


@pytest.mark.parametrize(("width", "most"), [(80, 80), (120, 110)])
@pytest.mark.parametrize(
    "rate", [500, pytest.param(2_000_000, marks=pytest.mark.slow), pytest.param(900_000_000, marks=pytest.mark.slow)]
)
def test_it_fits(capsys, monkeypatch, width, most, rate):
    lines = shown(capsys, monkeypatch, width=width, requests_per_day=rate)
    assert max(map(len, lines)) <= most


def test_columns_stand_below_their_titles(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch)
    title = next(line for line in lines if line.lstrip().startswith("a month  per million"))
    rows = [
        line for line in lines[lines.index(title) :] if line.endswith(("HTTP API", "function URL", "large", "micro"))
    ]
    assert len(rows) > 10
    for row in rows:
        assert row[len(title) : len(title) + 2] == "  " and row[len(title) + 2] != " "
    points = {row.index(".") for row in rows}
    assert len(points) == 1  # the points of the first column, one below the other


def test_a_server_that_has_too_little_memory_does_not_fit(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch, measurement=replace(COMPILED, max_memory_mib=900))
    assert any(line.split() == ["does", "not", "fit", "EC2", "t4g.micro"] for line in lines)
    assert "- EC2 t4g.micro and EC2 t3.micro: needs 1284 MB with its system; this has 1024" in lines


def test_where_it_is_dearer_again(capsys, monkeypatch):
    slow = replace(COMPILED, memory_mib=1769, warm_ms=100.0, warm_billed_ms=100, warm_p99_ms=100.0)
    lines = " ".join(shown(capsys, monkeypatch, measurement=slow))
    assert "dearer again from" in lines

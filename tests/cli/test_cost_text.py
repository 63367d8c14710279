"""The table of `cost`, from fixed numbers: nothing is measured."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.cli.costs.document import CostResult
from iris_model.cli.costs.original import Beside, Executed
from iris_model.cli.costs.text import print_table
from iris_model.cost import (
    PATTERNS,
    Measurement,
    Surroundings,
    Workload,
    estimate_all,
    find_break_evens,
    make_curves,
    read_prices,
)

COMPILED = Measurement(128, 1.2, 0.6, 9.9, 45.0, 44.0, 10, 63, 7, 41.5, 59.0)
ORIGINAL = Measurement(512, 3.0, 2.4, 9.0, 1500.0, 1499.0, 158, 33, 3, 1450.0, 1600.0)
BASELINE = "Lambda x86_64, HTTP API"


KNOWN = {}


def break_evens_of(workload):
    """Found once for each workload: what most tests look at is how they are written."""
    key = repr(workload)
    if key not in KNOWN:
        KNOWN[key] = find_break_evens(workload, make_curves(workload), BASELINE)
    return KNOWN[key]


def shown(capsys, monkeypatch, *, width=80, sizes=(200_000, 270_000_000), **changes):
    monkeypatch.setenv("COLUMNS", str(width))
    workload = Workload(500, PATTERNS["office-hours"], COMPILED, read_prices(), original=ORIGINAL, library=ORIGINAL)
    workload = replace(workload, **changes)
    beside = Beside(Executed("compiled", COMPILED, sizes[0]), Executed("original", ORIGINAL, sizes[1]))
    estimates = estimate_all(workload)
    print_table(CostResult(workload, estimates, break_evens_of(workload), BASELINE, beside))
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
    lines = shown(capsys, monkeypatch, sizes=(200_000, None), surroundings=Surroundings(image_gb=Decimal("0.2")))
    assert any(line.split() == ["size,", "unpacked", "0.2", "MB", "unknown"] for line in lines)
    # Its image has a price, but its quantity is unknown.
    assert any(line.split() == ["x86_64,", "HTTP", "API", "unknown", "unknown", "unknown"] for line in lines)
    assert any(line.startswith("- unknown: image in ECR") for line in lines)


@pytest.mark.parametrize(("width", "most"), [(80, 80), (120, 110)])
@pytest.mark.parametrize(
    "rate", [500, pytest.param(2_000_000, marks=pytest.mark.slow), pytest.param(900_000_000, marks=pytest.mark.slow)]
)
def test_the_table_fits_the_terminal(capsys, monkeypatch, width, most, rate):
    lines = shown(capsys, monkeypatch, width=width, requests_per_day=rate)
    assert max(map(len, lines)) <= most


def test_columns_are_aligned_with_their_titles(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch)
    title = next(line for line in lines if line.split() == ["a", "month", "per", "million", "cheaper", "from"])
    end = next(index for index, line in enumerate(lines) if line.startswith(f"{BASELINE} a month: "))
    # Names first, below their headings; then the amounts in dollars.
    rows = [line for line in lines[lines.index(title) + 1 : end] if line.startswith("  ")]
    assert len(rows) > 15
    headings = [line for line in lines[lines.index(title) + 1 : end] if line and not line.startswith(" ")]
    assert headings == [
        "Lambda, pay per request", "Lambda, with provisioned concurrency, 1 kept warm",
        "Lambda, with the original library instead of the compiled model", "SageMaker, pay per request",
        "Always-on servers",
    ]  # fmt: skip
    money = [
        [match.start() for match in re.finditer(r"\.\d\d", row.partition("$")[1] + row.partition("$")[2])]
        for row in rows
    ]
    assert all(row[2:3].isalpha() and row.count("$") == 2 for row in rows)
    points = {row.index(".", row.index("$")) for row in rows}
    assert len(points) == 1 and all(money)  # the points of the first column, one below the other
    assert {len(row) for row in rows} == {len(title)}


def test_a_server_that_has_too_little_memory_does_not_fit(capsys, monkeypatch):
    lines = shown(capsys, monkeypatch, measurement=replace(COMPILED, max_memory_mib=900))
    assert any(line.split() == ["EC2", "t4g.micro", "does", "not", "fit"] for line in lines)
    assert "- EC2 t4g.micro and EC2 t3.micro: needs 1284 MB with the system; it has 1024" in lines


@pytest.mark.slow
def test_a_second_break_even_is_shown(capsys, monkeypatch):
    slow = replace(COMPILED, memory_mib=1769, warm_ms=100.0, warm_billed_ms=100, warm_p99_ms=100.0)
    lines = " ".join(shown(capsys, monkeypatch, measurement=slow))
    assert "more expensive again from" in lines


def test_the_parts_of_the_sum_and_the_hint_to_log_less(capsys, monkeypatch):
    said = " ".join(" ".join(shown(capsys, monkeypatch)).split())
    assert "Lambda x86_64, HTTP API a month: compute $" in said and "log lines $0.0026, log storage $" in said
    assert "alarm $0.1000" in said
    assert 'costs 85% of the request itself; log-lines = "errors" in iris-model.toml removes them' in said
    quiet = " ".join(shown(capsys, monkeypatch, surroundings=Surroundings(log_lines="errors")))
    assert "log lines" not in quiet

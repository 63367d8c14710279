"""Notes of `tune` and `cost` about SnapStart, and the cost of settings: snapshots, metrics of captured rows."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from iris_model.cli.costs.surroundings import find_surroundings
from iris_model.cli.sources.settings import find_settings
from iris_model.cli.tuning.snapstart_hint import find_hint, find_note, read_executor
from iris_model.cost.function_costs import lambda_name, price_snapshots
from tests.cost.test_estimates import NOTHING_BESIDES, monthly, replace, workload


def write(directory: Path, text: str = "") -> Path:
    (directory / "iris-model.toml").write_text(f'name = "iris"\nmodel = "model.pkl"\n{text}')
    return directory


@pytest.mark.parametrize(
    ("executor", "text", "said"),
    [
        ("original", "", "snapstart = true: a cold start of the original executor"),
        ("original", "provisioned-concurrency = 1", "snapstart = true, without provisioned-concurrency: "),
        ("original", "ephemeral-storage = 1024", "snapstart = true, with ephemeral-storage = 512: "),
        ("original", 'base-image = "public.ecr.aws/lambda/python:3.11"', "snapstart = true, on Python 3.12 or later: "),
        ("original", "snapstart = true", ""),
        ("compiled", "", ""),
        (None, "", ""),
    ],
)
def test_it_is_named_where_the_library_is_imported(tmp_path: Path, executor: str | None, text: str, said: str):
    hint = find_hint(find_settings(write(tmp_path, text), None), executor)
    assert hint.startswith(said) and bool(hint) is bool(said)


def test_it_is_named_with_its_price(tmp_path: Path):
    """Snapshots are billed all month, so they can cost more than all requests together."""
    plain = workload()
    hint = find_hint(
        find_settings(write(tmp_path, "keep-versions = 3"), None),
        "original",
        price=lambda count: price_snapshots(plain, count),
    )
    assert f"${price_snapshots(plain, 3):,.2f} a month for 3 versions" in hint
    with_it = replace(plain, surroundings=replace(plain.surroundings, snapshots=3))
    name = lambda_name("x86_64", "function-url")
    assert price_snapshots(plain, 3) == monthly(with_it)[name] - monthly(plain)[name]


def test_a_note_says_that_no_snapshot_was_measured(tmp_path: Path):
    assert "cold starts are measured without a snapshot" in find_note(
        find_settings(write(tmp_path, "snapstart = true"), None)
    )
    assert find_note(find_settings(write(tmp_path, ""), None)) == ""


def test_a_folder_that_is_no_project_has_no_hint(tmp_path: Path):
    assert find_note(find_settings(tmp_path, None)) == ""
    assert find_hint(find_settings(tmp_path, None), "original") == ""
    assert read_executor(tmp_path) is None
    (tmp_path / "function.json").write_text('{"executor": "original"}')
    assert read_executor(tmp_path) == "original"


def test_snapshots_of_all_versions_that_stay_are_in_the_sum(tmp_path: Path):
    project = write(tmp_path, "snapstart = true\ndashboard = true\nkeep-versions = 3")
    found = find_surroundings(tmp_path, find_settings(project, None), image_gb=0.2, payload_kb=1)
    assert (found.surroundings.snapshots, found.surroundings.dashboards) == (3, 1)
    name = lambda_name("x86_64", "function-url")
    plain = workload()
    more = monthly(replace(plain, surroundings=replace(NOTHING_BESIDES, snapshots=3)))[name] - monthly(plain)[name]
    gb = Decimal(plain.measurement.memory_mib) / 1024
    starts = plain.monthly_requests * Decimal(str(plain.sandbox_use.cold_share))
    assert more == 3 * 730 * 3600 * gb * Decimal("0.0000015046") + starts * gb * Decimal("0.0001397998")


def test_every_metric_that_the_columns_may_have_is_in_the_sum(tmp_path: Path):
    project = write(tmp_path, '[capture]\nrate = 0.1\nwithout = ["c"]\n')
    before = find_surroundings(project, find_settings(project, None), image_gb=0.2, payload_kb=1)
    assert before.surroundings.capture_metrics == 1  # of the predictions
    function = tmp_path / ".iris-model/function"
    function.mkdir(parents=True)
    (function / "function.json").write_text('{"executor": "original", "model": "model.pkl"}')
    columns = [
        {"name": "a", "missing": True, "minimum": 0, "maximum": 1},
        {"name": "b", "missing": False, "minimum": 0, "maximum": 1},
        {"name": "c", "missing": True, "minimum": 0, "maximum": 1},
        {"name": "d", "missing": True, "kind": "categorical"},
    ]
    signature = {"task": "classifier", "columns": columns}
    (function / "model.signature.json").write_text(json.dumps({"signature": signature}))
    after = find_surroundings(project, find_settings(project, None), image_gb=0.2, payload_kb=1)
    assert after.surroundings.capture_metrics == 1 + 2 + 1 + 1
    assert "5 metrics are counted" in " ".join(after.notes)


def test_an_archive_is_not_stored_in_ecr(tmp_path: Path):
    project = write(tmp_path, 'package-type = "zip"\npython = "3.13"\n')
    settings = find_settings(project, None)
    found = find_surroundings(project, settings, image_gb=None, payload_kb=1)
    assert (found.surroundings.image_gb, found.notes) == (None, ())
    assert find_surroundings(project, settings, image_gb=0.2, payload_kb=1).surroundings.image_gb == Decimal("0.2")

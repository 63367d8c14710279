"""The tables of the README and of the page of benchmarks come from the committed results, and a worse ratio is detected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import suite

REPOSITORY = Path(__file__).parents[2]


def results(**ratios):
    claims = [
        {
            "text": text,
            "ours": 1.0,
            "other": 2.0,
            "unit": "ms",
            "ratio": ratio,
            "target": 1,
            "bound": "at most" if text == "small" else "at least",
            "held": True,
        }
        for text, ratio in ratios.items()
    ]
    return {"cold_start": {"machine": {}, "claims": claims}}


@pytest.mark.parametrize(("page", "render"), [(suite.README, suite.render_summary), (suite.PAGE, suite.render_table)])
def test_the_page_has_the_table_of_the_committed_results(page, render):
    text = page.read_text(encoding="utf-8")
    assert suite.replace_table(text, render(json.loads(suite.KEPT.read_bytes()))) == text


def test_the_readme_has_every_number_of_its_summary():
    lines = suite.render_summary(json.loads(suite.KEPT.read_bytes())).splitlines()
    assert len(lines) == 2 + len(suite.SUMMARY)


def test_money_and_megabytes_are_shown_as_such():
    claims = [
        {
            "text": text,
            "ours": ours,
            "other": other,
            "unit": unit,
            "ratio": other / ours,
            "target": 1,
            "bound": "at least",
        }
        for text, ours, other, unit in (
            ("layers with scikit-learn / ours", 67.2, 82_144.7, "KB"),
            ("a month of 500 requests a day: SageMaker ml.m5.large / ours", 0.1411, 84.05, "USD"),
        )
    ]
    assert suite.render_summary({"image": {"machine": {}, "claims": claims}}).splitlines()[2:] == [
        "| Image layers above the base image, Python runtime | 67 KB | 82 MB with scikit-learn (**1,222x**) |",
        "| Monthly cost, 500 requests/day, `us-east-1` | $0.14 | $84.05 for an always-on SageMaker `ml.m5.large` (**596x**) |",
    ]


def test_every_script_is_there():
    for name in suite.SCRIPTS:
        assert (REPOSITORY / "bench" / f"{name}.py").is_file()


@pytest.mark.parametrize(
    ("now", "worse"),
    [
        ({"small": 0.6, "large": 30}, 0),
        ({"small": 0.79, "large": 23}, 0),
        ({"small": 0.81, "large": 30}, 1),
        ({"small": 0.6, "large": 22}, 1),
        ({"small": 2, "large": 2}, 2),
        ({"new": 9}, 0),
    ],
)
def test_a_third_worse_is_a_regression(now, worse):
    found = suite.find_regressions(results(small=0.6, large=30), results(**now))
    assert len(found) == worse


def test_missed_targets_are_marked():
    table = suite.render_table(results(large=0.5))
    assert "| large | 1.0 ms | 2.0 ms | **0.50** | at least 1, **missed** |" in table


def test_peers_have_a_table_of_their_own():
    claims = [
        suite.Claim(f"{peer} / ours: {what}", 2.0, 2.0 * times, unit, times, 1, "at least")
        for peer, times in (("FastAPI", 40.0), ("MLflow", 1.25))
        for what, unit in (("start", "ms"), ("memory", "MB"))
    ]
    assert suite.render_peers(claims) == [
        "| the same iris model behind | start | memory |",
        "|---|---|---|",
        "| iris-model, under the official emulator | 2.0 ms | 2.0 MB |",
        "| FastAPI | 80.0 ms (**40x**) | 80.0 MB (**40x**) |",
        "| MLflow | 2.5 ms (**1.2x**) | 2.5 MB (**1.2x**) |",
    ]


def test_a_page_without_marks_is_refused():
    with pytest.raises(SystemExit, match="lacks the marks"):
        suite.replace_table("# iris-model\n", "a table")

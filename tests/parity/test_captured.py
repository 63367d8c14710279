"""A slice of scikit-learn's own tests: what they fit is compiled, and answers as the original or is refused for a reason.

`scripts/capture-estimators` does the same for all of them and for five other projects, which takes an hour.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "capture-estimators"
# Small files, whose tests fit many kinds: seconds each.
FILES = ("feature_extraction/tests/test_dict_vectorizer.py", "tests/test_naive_bayes.py")


@pytest.mark.slow
def test_estimators_of_the_library_tests_are_equal(tmp_path, record_property):
    record_property("parity", "wrong")
    environment = {**os.environ, "CAPTURED_PER_CLASS": "12"}
    kept = ["--folder", str(tmp_path)]
    collected = subprocess.run(
        [sys.executable, SCRIPT, "collect", *FILES, *kept, "--seconds", "60"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert len(list(tmp_path.glob("scikit-learn/*.pickle"))) >= 40, collected.stdout + collected.stderr
    done = subprocess.run(
        [sys.executable, SCRIPT, "compile", "scikit-learn", *kept, "--each", "30", "--total", "90"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "scikit-learn" / "results.jsonl").read_text().splitlines()]
    outcomes = [outcome for _, outcome, *_ in lines if outcome != "begun"]
    assert outcomes.count("exact") >= len(outcomes) / 2
    assert "too long" not in outcomes
    record_property("rows", outcomes.count("exact"))
    record_property("parity", "exact")

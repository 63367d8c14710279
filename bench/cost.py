"""The monthly cost of the iris function at 500 requests a day, against an always-on endpoint of SageMaker.

    python bench/cost.py

`iris-model cost` measures the function and applies the dated prices of the repository. Only the Lambda side depends on the
measurement, and compute is a small part of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.report import Claim, render, write_results

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = REPOSITORY / "examples" / "iris"
REQUESTS_PER_DAY = 500
OURS, OTHER = "Lambda x86_64, HTTP API", "SageMaker ml.m5.large"
CHEAPER_AT_LEAST = 100


def main() -> int:
    """Estimate, print, keep; the status is 1 when the claim does not hold."""
    with tempfile.TemporaryDirectory() as place:
        project = shutil.copytree(PROJECT, Path(place) / "iris", ignore=shutil.ignore_patterns(".iris-model"))
        command = [sys.executable, "-m", "iris_model.cli", "cost", str(project), "--no-original", "--json"]
        command += ["--requests-per-day", str(REQUESTS_PER_DAY)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    monthly = {each["name"]: float(each["monthly"]) for each in found["alternatives"] if each["possible"]}
    ours, other = monthly[OURS], monthly[OTHER]
    text = f"a month of {REQUESTS_PER_DAY} requests a day: {OTHER} / ours"
    claims = [Claim(text, ours, other, found["currency"], other / ours, CHEAPER_AT_LEAST, "at least")]
    print(render(claims))
    print(f"all samples: {write_results('cost', claims, {'monthly': monthly}).relative_to(REPOSITORY)}")
    return 0 if all(claim.held for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())

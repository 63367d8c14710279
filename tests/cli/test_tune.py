"""`iris-model tune`, from outside."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "iris_model.cli", "tune", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_two_sizes(tmp_path):
    picture = tmp_path / "tune.svg"
    done = run("examples/iris", "--sizes", "512,128", "--invocations", 6, "--plot", picture, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [size["memory_mib"] for size in found["sizes"]] == [128, 512]
    cost = {size["memory_mib"]: float(size["usd_per_million"]) for size in found["sizes"]}
    assert cost[found["cheapest"]] == min(cost.values())
    ElementTree.parse(picture)


@pytest.mark.parametrize("sizes", ["64", "128,x", "", "10241"])
def test_sizes_that_lambda_does_not_have(sizes):
    done = run("examples/iris", "--sizes", sizes)
    assert done.returncode == 2
    assert "from 128 to 10240" in done.stderr


def test_a_picture_of_another_kind():
    done = run("examples/iris", "--plot", "tune.gif")
    assert done.returncode == 1
    assert "tune.gif is no picture" in done.stderr

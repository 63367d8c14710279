"""`iris-model tune`, from outside."""

import json
import signal
import subprocess
import sys
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from iris_model.aws.measuring.tuning import DeployedTuning
from iris_model.cli.interruption import ended_as_by_ctrl_c
from iris_model.cli.tuning.remote import effort_document
from iris_model.cost import PriceList, read_prices
from iris_model.cost.tuning import TunedSize


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "iris_model.cli", "tune", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=90,
    )


@pytest.mark.slow
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
    assert "tune.gif is not a picture" in done.stderr


def test_the_cost_of_measuring_on_aws_is_shown():
    sizes = (TunedSize(128, None, "the function fails"),)
    found = DeployedTuning(sizes, "arm64", 1000, Decimal("100"), ("a note",))
    # 100 GB-s at 0.0000133334 and 1,000 requests at 0.20 a million.
    assert effort_document("iris", found, read_prices())["usd"] == "0.001533340"
    nothing_known = PriceList("eu-west-1", {}, {})
    assert effort_document("iris", found, nothing_known)["usd"] is None


def test_a_polite_end_from_outside_is_an_interruption():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ended_as_by_ctrl_c("SIGTERM", "SIGHUP"):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before

"""`cost --remote` and `tune --remote` on functions that run in containers: what they measure, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.aws.access.permissions import Names, make_measuring_policy
from iris_model.aws.state.observe import TUNING_TAG
from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

NAME = "measured"
NAMES = Names(account=ACCOUNT, region=REGION, function=NAME, stack=NAME, repository=SHARED)
TUNE = ("tune", "--remote", "--sizes", "256,512", "--invocations", "6")
LONG = (*TUNE[:-1], "300")
"""Long enough that each size can be seen from outside."""


@pytest.fixture(scope="module")
def measurer(cloud: Cloud) -> Iterator[Cloud]:
    """The account, for a user who may measure, and nothing else."""
    iam = cloud.client("iam")
    iam.create_user(UserName="measurer")
    policy = make_measuring_policy(NAMES)
    for statement in policy["Statement"]:
        # MiniStack knows the resource of few calls, and asks for `*` where it does not.
        if not any(action.startswith("lambda:") for action in statement["Action"]):
            statement["Resource"] = "*"
        elif "lambda:GetAlias" in statement["Action"]:
            statement["Action"].append("lambda:ListAliases")  # as MiniStack calls it
    iam.put_user_policy(UserName="measurer", PolicyName="measurer", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="measurer")["AccessKey"]
    yield cloud.acting_as(key["AccessKeyId"], key["SecretAccessKey"])
    # A worker that takes more tests of this module later makes the user again.
    iam.delete_user_policy(UserName="measurer", PolicyName="measurer")
    iam.delete_access_key(UserName="measurer", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="measurer")


@pytest.fixture(scope="module")
def deployed(cloud: Cloud, pushed: Pushed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A project, deployed; and its endpoint."""
    before = cloud.inventory()
    project = write_iris_project(tmp_path_factory.mktemp("measured") / "p", NAME, settings=f'repository = "{SHARED}"\n')
    endpoint = str(cloud.deploy_json(project, pushed.iris)["endpoint"])
    yield project, endpoint
    cloud.run("destroy", project, "--logs", "--yes")
    assert cloud.inventory() == before


def read_json(output: str) -> Any:
    return json.JSONDecoder().raw_decode(output)[0]


def memory(cloud: Cloud, qualifier: str = "$LATEST") -> int:
    found = cloud.client("lambda").get_function_configuration(FunctionName=NAME, Qualifier=qualifier)
    return int(found["MemorySize"])


def tag(cloud: Cloud) -> str | None:
    value = cloud.client("lambda").get_function(FunctionName=NAME).get("Tags", {}).get(TUNING_TAG)
    return None if value is None else str(value)


def test_the_cost_of_the_deployed_function(cloud: Cloud, measurer: Cloud, deployed: tuple[Path, str]):
    project, endpoint = deployed
    before = len(read_json(cloud.run("logs", project, "--since", "1h", "--json"))["lines"])
    assert before > 0  # those of the verification
    for _ in range(25):
        assert cloud.post(endpoint).prediction == "setosa"
    found = read_json(measurer.run("cost", project, "--remote", "--since", "1h", "--json"))
    observed = found["observed"]
    assert (observed["function"], observed["version"]) == (NAME, "1")
    assert (observed["architecture"], observed["endpoint"]) == ("x86_64", "http-api")
    assert observed["requests"] == found["measurement"]["invocations"] >= 25 + 16
    assert found["baseline"] == "Lambda x86_64, HTTP API"
    assert (found["requests_per_day"], observed["requests_per_day"]) == (500, None)
    assert found["measurement"]["memory_mib"] == 128 and found["measurement"]["warm_ms"] > 0
    # The log is some minutes old, so that it has not enough for the daily traffic pattern.
    assert observed["hourly_shares"] is None and found["traffic"] == "office-hours"
    said = measurer.run("cost", project, "--remote", "--pattern", "observed", expect=1)
    assert "not enough for the daily traffic pattern" in said and "--since 7d" in said
    shown = measurer.run("cost", project, "--remote", "--requests-per-day", "5000")
    assert f"{NAME}, version 1, as logged from " in shown and "5,000 requests a day, office-hours" in shown


def test_each_size_is_measured_and_the_old_one_set_back(cloud: Cloud, measurer: Cloud, deployed: tuple[Path, str]):
    project, endpoint = deployed
    before, alias = cloud.inventory(), cloud.alias(NAME)
    found = read_json(measurer.run(*TUNE, project, "--json"))
    assert [size["memory_mib"] for size in found["sizes"]] == [256, 512]
    assert all(size["warm_ms"] > 0 for size in found["sizes"])
    assert found["remote"]["invocations"] == 2 * 3 * (1 + 2) and float(found["remote"]["usd"]) > 0
    assert (memory(cloud), tag(cloud), cloud.alias(NAME)) == (128, None, alias)
    versions = cloud.client("lambda").list_versions_by_function(FunctionName=NAME)["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]
    assert cloud.inventory() == before and cloud.post(endpoint).prediction == "setosa"
    # Its own invocations do not count as requests.
    observed = read_json(measurer.run("cost", project, "--remote", "--since", "1h", "--json"))["observed"]
    assert "18 invocations of $LATEST are ignored, because they are not requests" in observed["notes"]
    assert "Its memory is restored" in measurer.run(*TUNE, project)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_sets_it_back(
    cloud: Cloud, measurer: Cloud, deployed: tuple[Path, str], number: signal.Signals
):
    project, _ = deployed
    measurer.run_during(lambda: memory(cloud) == 512, _send(number), *LONG, project, expect=130)
    assert (memory(cloud), tag(cloud)) == (128, None)


def test_the_next_deployment_restores_the_memory_after_a_kill(
    cloud: Cloud, measurer: Cloud, deployed: tuple[Path, str], pushed: Pushed
):
    project, endpoint = deployed
    measurer.run_during(lambda: memory(cloud) == 512, _send(signal.SIGKILL), *LONG, project, expect=-signal.SIGKILL)
    assert (memory(cloud), memory(cloud, "live"), tag(cloud)) == (512, 128, "128 128-512")
    assert cloud.post(endpoint).prediction == "setosa"
    planned = cloud.deploy(project, pushed.iris, "--plan", expect=2)
    assert f"restore {NAME} to 128 MB" in planned
    cloud.deploy(project, pushed.iris)
    assert (memory(cloud), tag(cloud)) == (128, None)
    assert "Nothing to change." in cloud.deploy(project, pushed.iris, "--plan")


def test_a_function_that_is_not_deployed_is_reported(cloud: Cloud, measurer: Cloud, tmp_path: Path):
    project = write_iris_project(tmp_path / "p", NAME + "-not", settings=f'repository = "{SHARED}"\n')
    for command in (("cost", project, "--remote"), (*TUNE, project)):
        said = cloud.run(*command, expect=1)
        assert f"{NAME}-not is not deployed in {REGION}" in said and "iris-model deploy" in said
    # Who measures one function may not look at another.
    assert "the permission" in measurer.run("cost", project, "--remote", expect=1)


def _send(number: signal.Signals) -> Callable[[subprocess.Popen[str]], object]:
    def send(process: subprocess.Popen[str]) -> None:
        time.sleep(0.5)  # into the middle of it
        os.kill(process.pid, number)

    return send

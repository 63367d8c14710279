"""Canaries on MiniStack: the weights of the alias while they last, and what ends them.

MiniStack keeps the weights of an alias and lets its main version answer everything; so both are asked by their numbers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.ministack_cloud import SETOSA, Cloud, Pushed
from tests.support.two_versions import deploy_first

pytestmark = pytest.mark.e2e


def test_a_canary_gets_a_share_then_all_and_an_alarm_rolls_back(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    name = "canary"
    project, url = deploy_first(cloud, pushed, tmp_path, name)
    lambda_, alarms = cloud.client("lambda"), cloud.client("cloudwatch")
    command = ("deploy", project, "--image", pushed.other, "--canary", "20", "--for", "0.1")

    def both_answer() -> bool:
        return cloud.alias(name) == ("1", {"2": 0.2})

    def ask(version: str) -> object:
        return json.loads(lambda_.invoke(FunctionName=name, Qualifier=version, Payload=SETOSA)["Payload"].read())[
            "prediction"
        ]

    # The alarm rings in the middle: the first version has everything again.
    def ring(_: object) -> None:
        assert (ask("1"), ask("2"), cloud.post(url).prediction) == ("setosa", "a", "setosa")
        alarms.set_alarm_state(AlarmName=f"{name}-errors", StateValue="ALARM", StateReason="a test")

    said = cloud.run_during(both_answer, ring, *command, expect=1)
    assert f"the alarm {name}-errors went into ALARM state while version 2 answered 20 % of the requests" in said
    # In a log (no terminal) each step is printed once.
    assert said.count("Canary: version 2 answers 20 %") == said.count("Reading the current state") == 1
    assert "Version 1 answers again, as before." in said and "iris-model logs" in said
    assert cloud.alias(name) == ("1", {}) and cloud.post(url).prediction == "setosa"
    # The alarm is still in ALARM state: it could not judge a canary.
    assert "already in ALARM state" in cloud.run(*command, expect=1)

    alarms.set_alarm_state(AlarmName=f"{name}-errors", StateValue="OK", StateReason="a test")
    assert "version 2 answers" in cloud.run_during(both_answer, lambda _: None, *command)
    assert cloud.alias(name) == ("2", {}) and cloud.post(url).prediction == "a"
    cloud.run("destroy", project, "--logs", "--yes")

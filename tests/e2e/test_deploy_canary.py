"""A share of the requests first: what the alias says while it lasts, and what ends it. On MiniStack.

MiniStack keeps the weights of an alias and lets its main version answer everything; so both are asked by their numbers.
"""

from __future__ import annotations

import json
import signal
from operator import methodcaller
from pathlib import Path

import pytest

from tests.support.iris_project import other_model, write_iris_project
from tests.support.ministack_cloud import SETOSA, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

SETTINGS = f'repository = "{SHARED}"\nendpoint = "function-url"\n'


def deploy_two(cloud: Cloud, pushed: Pushed, directory: Path, name: str) -> tuple[Path, str]:
    """The first version answers; the project of the second one, and the address."""
    url = cloud.deploy_json(write_iris_project(directory / "first", name, settings=SETTINGS), pushed.iris)["endpoint"]
    return write_iris_project(directory / "second", name, other_model(), settings=SETTINGS), url


def test_a_share_of_the_requests_then_all_and_back_at_once_when_the_alarm_rings(
    cloud: Cloud, pushed: Pushed, tmp_path: Path
):
    name = "canary"
    project, url = deploy_two(cloud, pushed, tmp_path, name)
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
    assert f"the alarm {name}-errors rang while version 2 answered 20 % of the requests" in said
    # In a log that is no terminal each step is told once.
    assert said.count("Canary: version 2 answers 20 %") == said.count("Looking at what is there") == 1
    assert "Version 1 answers again, as before." in said and "iris-model logs" in said
    assert cloud.alias(name) == ("1", {}) and cloud.post(url).prediction == "setosa"
    # It still rings: a canary would be blind.
    assert "rings already" in cloud.run(*command, expect=1)

    alarms.set_alarm_state(AlarmName=f"{name}-errors", StateValue="OK", StateReason="a test")
    assert "version 2 answers" in cloud.run_during(both_answer, lambda _: None, *command)
    assert cloud.alias(name) == ("2", {}) and cloud.post(url).prediction == "a"
    cloud.run("destroy", project, "--logs", "--yes")


def test_a_canary_that_is_interrupted_gives_its_share_back_and_the_next_run_goes_on(
    cloud: Cloud, pushed: Pushed, tmp_path: Path
):
    name = "interrupted"
    project, url = deploy_two(cloud, pushed, tmp_path, name)
    command = ("deploy", project, "--image", pushed.other, "--canary", "5", "--for", "10")
    # Ctrl-C, and a CI that cancels the job.
    for number in (signal.SIGINT, signal.SIGTERM):
        interrupt = methodcaller("send_signal", number)
        said = cloud.run_during(lambda: cloud.alias(name) == ("1", {"2": 0.05}), interrupt, *command, expect=130)
        assert "Interrupted; under way was: Canary: version 2 answers 5 % for" in said
        assert "Version 1 answers.\n" in said and "The same command again goes on" in said
        assert cloud.alias(name) == ("1", {})

    # Killed, nothing can be given back: it is seen, and a roll-back ends it.
    cloud.run_during(lambda: cloud.alias(name)[1], methodcaller("kill"), *command, expect=-signal.SIGKILL)
    assert cloud.alias(name) == ("1", {"2": 0.05})
    assert "version 1 answers, the canary of version 2 is over" in cloud.run("rollback", "--project", project)
    assert cloud.alias(name) == ("1", {})

    # The version is there already: it is verified again, and gets everything.
    plan = cloud.deploy(project, pushed.other, "--plan", expect=2)
    assert "update the stack" not in plan and "verify the new version" in plan and "move the alias live" in plan
    assert cloud.deploy_json(project, pushed.other)["version"] == "2"
    assert cloud.post(url).prediction == "a"
    cloud.run("destroy", project, "--logs", "--yes")

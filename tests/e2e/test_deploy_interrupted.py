"""Interrupted deployments on MiniStack: the message, the version that answers, and the next run that continues."""

from __future__ import annotations

import re
import signal
from operator import methodcaller
from pathlib import Path

import pytest

from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import Cloud, Pushed
from tests.support.two_versions import FUNCTION_URL, deploy_first

pytestmark = pytest.mark.e2e


def test_an_interrupted_first_deployment_is_continued(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    name = "begun"
    project = write_iris_project(tmp_path / "begun", name, settings=FUNCTION_URL)
    stacks = cloud.client("cloudformation")

    def is_there() -> bool:
        return any(each["StackName"] == name for each in stacks.list_stacks()["StackSummaries"])

    said = cloud.run_during(
        is_there, methodcaller("send_signal", signal.SIGINT), "deploy", project, "--image", pushed.iris, expect=130
    )
    # MiniStack makes a stack in a moment: what it has done by now is what it says.
    assert re.search(r"\nInterrupted during: .+\n(No version answers yet|Version 1 answers)\.", said), said
    done = cloud.deploy_json(project, pushed.iris)
    assert (done["version"], done["verified_rows"]) == ("1", 32)
    assert cloud.post(done["endpoint"]).prediction == "setosa"
    cloud.run("destroy", project, "--logs", "--yes")


def test_an_interrupted_canary_is_undone_and_the_next_run_continues(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    name = "interrupted"
    project, url = deploy_first(cloud, pushed, tmp_path, name)
    command = ("deploy", project, "--image", pushed.other, "--canary", "5", "--for", "10")
    # Ctrl-C, and a CI that cancels the job.
    for number in (signal.SIGINT, signal.SIGTERM):
        interrupt = methodcaller("send_signal", number)
        said = cloud.run_during(lambda: cloud.alias(name) == ("1", {"2": 0.05}), interrupt, *command, expect=130)
        assert "Interrupted during: Canary: version 2 answers 5 % for" in said
        assert "Version 1 answers.\n" in said and "Run the same command again to continue" in said
        assert cloud.alias(name) == ("1", {})

    # Killed, nothing can be given back: it is seen, and a roll-back ends it.
    cloud.run_during(lambda: cloud.alias(name)[1], methodcaller("kill"), *command, expect=-signal.SIGKILL)
    assert cloud.alias(name) == ("1", {"2": 0.05})
    assert "version 1 answers, the canary of version 2 is over" in cloud.run("rollback", project)
    assert cloud.alias(name) == ("1", {})

    # The version exists already: it is verified again, and gets all requests.
    plan = cloud.deploy(project, pushed.other, "--plan", expect=2)
    assert "update the stack" not in plan and "verify the new version" in plan and "move the alias live" in plan
    assert cloud.deploy_json(project, pushed.other)["version"] == "2"
    assert cloud.post(url).prediction == "a"
    cloud.run("destroy", project, "--logs", "--yes")

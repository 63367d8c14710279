"""The command at the head of the printed template, with the real AWS CLI, on a stack that `deploy` made. On MiniStack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.iris_project import write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e


def test_the_printed_command_moves_the_traffic(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    name = "printed"
    settings = f'repository = "{SHARED}"\nendpoint = "none"\n'
    project = write_iris_project(tmp_path / "p", name, settings=settings)
    for image in (pushed.iris, pushed.other):
        cloud.deploy(project, image, "--no-verify")
    # `deploy` has named the version that answers: an update that does not name it keeps it.
    assert cloud.alias(name) == ("2", {})
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{SHARED}@{pushed.iris}"
    template = cloud.run("template", project, "--image", uri)
    (tmp_path / "template.yaml").write_text(template)
    # The command is one line, to be pasted.
    command = re.search(
        r"^#   (aws cloudformation deploy .* --parameter-overrides LiveVersion=)$", template, re.MULTILINE
    )
    assert command, template[:1000]
    printed = command[1].replace("FILE", "template.yaml")
    cloud.shell(printed.partition(" --parameter-overrides")[0], tmp_path)
    assert cloud.alias(name) == ("2", {})
    cloud.shell(f"sleep 1; {printed}", tmp_path)
    assert cloud.alias(name) == ("3", {})
    cloud.run("destroy", project, "--logs", "--yes")

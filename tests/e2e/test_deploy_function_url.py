"""An endpoint without an HTTP API: the function's own URL, open to everybody. On MiniStack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.iris_project import change_settings, other_model, write_iris_project
from tests.support.ministack_cloud import SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

SETTINGS = f'endpoint = "function-url"\nrepository = "{SHARED}"\n'


def test_a_function_url_from_nothing_to_a_new_model_and_back(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    before = cloud.inventory()
    project = write_iris_project(tmp_path / "first", "flowers-url", settings=SETTINGS)
    first = cloud.deploy_json(project, pushed.iris)
    assert first["verified_rows"] == 32 and ".lambda-url." in first["endpoint"]
    assert cloud.post(first["endpoint"]).prediction == "setosa"
    assert "api flowers-url" not in cloud.inventory()
    # The line that deploy prints is one to paste.
    line = next(each for each in cloud.run("deploy", project, "--image", pushed.iris).splitlines() if "curl" in each)
    assert '{"prediction": "setosa"' in cloud.shell(
        line.replace("curl ", 'curl --connect-to "::127.0.0.1:" '), tmp_path
    )

    # Public needs two permissions on the alias, and one alone is refused.
    lambda_ = cloud.client("lambda")
    assert lambda_.get_function_url_config(FunctionName="flowers-url", Qualifier="live")["AuthType"] == "NONE"
    policy = lambda_.get_policy(FunctionName="flowers-url", Qualifier="live")["Policy"]
    assert '"lambda:InvokeFunctionUrl"' in policy and '"lambda:InvokeFunction"' in policy

    # A new model comes through the same address; back again.
    changed = write_iris_project(tmp_path / "changed", "flowers-url", other_model(), settings=SETTINGS)
    second = cloud.deploy_json(changed, pushed.other)
    assert (second["version"], second["endpoint"]) == ("2", first["endpoint"])
    assert cloud.post(second["endpoint"]).prediction == "a"
    assert "version 1 answers, before it was 2" in cloud.run("rollback", changed)
    assert cloud.post(second["endpoint"]).prediction == "setosa"

    # A version that fails its verification does not get the alias.
    tried = ("rollback", changed, "2", "--payload")
    assert "version 2 of flowers-url does not work" in cloud.run(*tried, '["x"]', expect=1)
    assert cloud.alias("flowers-url") == ("1", {})

    # A third version: the one that answered before it is 1, and not 2.
    change_settings(changed, "memory = 256\n")
    assert cloud.deploy_json(changed, pushed.other)["version"] == "3"
    assert "version 1 answers, before it was 3" in cloud.run("rollback", changed)
    assert cloud.alias("flowers-url") == ("1", {})

    cloud.run("destroy", changed, "--logs", "--yes")
    assert cloud.inventory() == before

"""Several stages in one account, a plan that a shell can use, and the template deployed with another tool. On MiniStack."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.support.iris_project import change_settings, write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed

pytestmark = pytest.mark.e2e

STAGES = """
[stages.test]
endpoint = "none"

[stages.prod]
memory = 512
timeout = 10
log-retention-days = 365
reserved-concurrency = 3
environment = { LEVEL = "warning" }
tags = { stage = "prod" }

[stages.prod.throttling]
rate = 50
burst = 100
"""


def test_each_stage_is_a_function_of_its_own_with_its_settings(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    before = cloud.inventory()
    project = write_iris_project(tmp_path / "p", "staged", settings=f'repository = "{SHARED}"\n', tables=STAGES)
    test = cloud.deploy_json(project, pushed.iris, "--stage", "test")
    assert test["endpoint"] == "" and test["verified_rows"] == 16
    prod = cloud.deploy_json(project, pushed.iris, "--stage", "prod")
    assert cloud.post(prod["endpoint"]).prediction == "setosa"

    lambda_, logs = cloud.client("lambda"), cloud.client("logs")
    found = {name: lambda_.get_function(FunctionName=f"staged-{name}") for name in ("test", "prod")}
    settings = {
        name: (each["Configuration"]["MemorySize"], each["Configuration"]["Timeout"], each["Code"]["ImageUri"][-71:])
        for name, each in found.items()
    }
    assert settings == {"test": (128, 3, pushed.iris), "prod": (512, 10, pushed.iris)}
    assert found["prod"]["Configuration"]["Environment"]["Variables"] == {"LEVEL": "warning"}
    assert found["prod"]["Tags"]["stage"] == "prod" and "stage" not in found["test"].get("Tags", {})
    retention = {
        each["logGroupName"]: each["retentionInDays"]
        for each in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/staged-")["logGroups"]
    }
    assert retention == {"/aws/lambda/staged-test": 30, "/aws/lambda/staged-prod": 365}
    # MiniStack does not say what it made of throttling and reserved concurrency.
    template = cloud.client("cloudformation").get_template(StackName="staged-prod")["TemplateBody"]
    assert "ReservedConcurrentExecutions: 3" in template
    assert "ThrottlingRateLimit: 50" in template and "ThrottlingBurstLimit: 100" in template

    # As a step of a CI has it: 2 is something to do, 0 is nothing.
    plan = f"iris-model deploy {project} --stage $1 --image {pushed.iris} --plan || echo exit $?"
    said = cloud.shell(f"p() {{ {plan}; }}; p test", tmp_path)
    assert "Nothing to change." in said and "exit" not in said
    change_settings(project, "", "\n[stages.prod.cors]\nallow-origins = ['https://example.org']\n")
    said = cloud.shell(f"p() {{ {plan}; }}; p test; p prod", tmp_path)
    assert said.startswith("Nothing to change.\n1. update the stack staged-prod")
    assert said.endswith("exit 2\n") and "+        AllowOrigins:\n+          - https://example.org\n" in said

    # One stage is deleted, the other stays. The repository is kept while a function uses an image in it.
    refused = cloud.run("destroy", project, "--stage", "test", "--images", "--yes", expect=1)
    assert f"the function staged-prod also uses images of the repository {SHARED}" in refused
    cloud.run("destroy", project, "--stage", "test", "--logs", "--yes")
    assert cloud.post(prod["endpoint"]).prediction == "setosa"
    cloud.run("destroy", project, "--stage", "prod", "--logs", "--yes")
    assert cloud.inventory() == before


def test_the_template_is_deployed_with_the_aws_cli_alone(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    before = cloud.inventory()
    write_iris_project(tmp_path / "p", "alone-in-template", settings=f'repository = "{SHARED}"\n')
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{SHARED}@"
    script = """
    iris-model template p --image "$URI$1" > template.yaml
    aws cloudformation deploy --stack-name by-others --template-file template.yaml --capabilities CAPABILITY_IAM >&2
    aws cloudformation describe-stacks --stack-name by-others --query 'Stacks[0].Outputs'
    """
    outputs = []
    for digest in (pushed.iris, pushed.other):
        answer = cloud.having(URI=uri).shell(f"set -- {digest}\n{script}", tmp_path)
        # The AWS CLI calls its change sets after the second, and MiniStack keeps those that were executed.
        time.sleep(1)
        listed, _ = json.JSONDecoder().raw_decode(answer)
        outputs.append({each["OutputKey"]: each["OutputValue"] for each in listed})
    # Without the parameter, the template moves the alias to the version that it creates.
    assert [each["Version"] for each in outputs] == ["1", "2"] and cloud.alias("alone-in-template") == ("2", {})
    address = outputs[1]["Endpoint"].partition("//")[2]
    host, _, path = address.partition("/")
    asked = f"http://{'.'.join(host.split('.')[:2])}.localhost:{cloud.port}/{path}"
    assert address.endswith("/default/iris-prediction") and cloud.post(asked).prediction == "a"
    cloud.shell(
        "aws cloudformation delete-stack --stack-name by-others\n"
        "aws cloudformation wait stack-delete-complete --stack-name by-others\n"
        "aws logs delete-log-group --log-group-name /aws/lambda/alone-in-template",
        tmp_path,
    )
    assert cloud.inventory() == before

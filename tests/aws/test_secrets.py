"""Secrets: their form in the template, and which ones the plan refuses because they cannot work."""

from __future__ import annotations

import re

import pytest

from iris_model.aws.deploying.deploy import plan_deployment
from iris_model.aws.secrets import find_arn, read_reference
from iris_model.errors import DeploymentError
from iris_model.project.configuration.deployment_keys import DEPLOYMENT_KEYS
from tests.aws.conftest import Cloud

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iris/token-AbCdEf"
FORMS = {
    "ssm:/iris/level": ("{{resolve:ssm:/iris/level}}", "arn:aws:ssm:r:1:parameter/iris/level"),
    "ssm:level:3": ("{{resolve:ssm:level:3}}", "arn:aws:ssm:r:1:parameter/level"),
    "secretsmanager:iris": ("{{resolve:secretsmanager:iris}}", "arn:aws:secretsmanager:r:1:secret:iris-??????"),
    "secretsmanager:iris:token": (
        "{{resolve:secretsmanager:iris:SecretString:token}}",
        "arn:aws:secretsmanager:r:1:secret:iris-??????",
    ),
    f"secretsmanager:{ARN}": (f"{{{{resolve:secretsmanager:{ARN}}}}}", ARN),
    # Without the six characters CloudFormation finds the secret, but IAM does not.
    f"secretsmanager:{ARN[:-7]}": (f"{{{{resolve:secretsmanager:{ARN[:-7]}}}}}", f"{ARN[:-7]}-??????"),
    f"secretsmanager:{ARN}:token": (f"{{{{resolve:secretsmanager:{ARN}:SecretString:token}}}}", ARN),
}


@pytest.mark.parametrize("text", FORMS)
def test_every_form_of_a_secret_reference_is_rendered(text: str):
    (key,) = [each for each in DEPLOYMENT_KEYS if each.name == "secrets"]
    assert re.fullmatch(key.value_pattern, text)
    reference = read_reference(text)
    assert (reference.dynamic, find_arn(reference, partition="aws", region="r", account="1")) == FORMS[text]


def test_a_secure_string_is_refused_in_the_plan_and_secrets_manager_offered(cloud: Cloud):
    cloud.fake.secrets = {"/iris/level": "String", "/iris/token": "SecureString"}
    with pytest.raises(DeploymentError, match=r"secrets\.TOKEN: the parameter /iris/token is a SecureString") as caught:
        plan_deployment(cloud.aws, cloud.wanted(secrets={"TOKEN": "ssm:/iris/token"}))
    assert "aws secretsmanager create-secret" in caught.value.remedy
    assert cloud.fake.names() == ["GetParameters"] and "WithDecryption" not in cloud.fake.calls[0][2]
    assert cloud.deploy(secrets={"LEVEL": "ssm:/iris/level:2", "KEY": "secretsmanager:iris:key"}).version == "1"


def test_a_missing_ssm_parameter_is_refused(cloud: Cloud):
    with pytest.raises(DeploymentError, match="no parameter /iris/level in SSM") as caught:
        cloud.deploy(secrets={"LEVEL": "ssm:/iris/level"})
    assert "aws ssm put-parameter --name /iris/level" in caught.value.remedy


def test_more_parameters_than_one_question_takes(cloud: Cloud):
    cloud.fake.secrets = {f"/iris/{number}": "String" for number in range(23)}
    cloud.deploy(secrets={f"V{number}": f"ssm:/iris/{number}" for number in range(23)})
    asked = [parameters["Names"] for _, name, parameters in cloud.fake.calls if name == "GetParameters"]
    assert [len(names) for names in asked] == [10, 10, 3]


def test_a_parameter_of_two_variables_is_asked_for_once(cloud: Cloud):
    cloud.fake.secrets = {"/iris/level": "String"}
    cloud.deploy(secrets={"ONE": "ssm:/iris/level", "TWO": "ssm:/iris/level"})
    asked = [parameters["Names"] for _, name, parameters in cloud.fake.calls if name == "GetParameters"]
    assert asked == [["/iris/level"]]


def test_a_secret_in_another_region_is_refused_in_the_plan(cloud: Cloud):
    elsewhere = ARN.replace("eu-west-1", "us-east-1")
    with pytest.raises(
        DeploymentError, match=r"secrets\.TOKEN is in region us-east-1, and the function is in eu-west-1"
    ):
        plan_deployment(cloud.aws, cloud.wanted(secrets={"TOKEN": f"secretsmanager:{elsewhere}:token"}))
    assert cloud.deploy(secrets={"TOKEN": f"secretsmanager:{ARN}:token"}).version == "1"

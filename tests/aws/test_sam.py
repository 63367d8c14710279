"""The template for AWS SAM: SAM's own translator turns it into the plain template."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from boto3 import Session

from iris_model.aws.cloudformation.code import find_code, image_uri
from iris_model.aws.cloudformation.sam import render_sam_template
from iris_model.aws.cloudformation.yaml_text import plain, read
from iris_model.contract.deployment import Deployment
from iris_model.contract.endpoint import Endpoint
from tests.aws.test_template import BARE, DIGEST, ENDPOINTS, FULL, ODD, SNAPSTART, ZIP, render, with_endpoint

CASES = {
    "bare": BARE,
    "full": with_endpoint(FULL, ENDPOINTS["http-api-jwt-routes"]),
    "topic": replace(BARE, dead_letter="arn:aws:sns:eu-west-1:123456789012:iris-dead"),
    "url": replace(BARE, endpoint=Endpoint(kind="function-url")),
    "own role": replace(BARE, role="arn:aws:iam::123456789012:role/mine"),
    "snapstart": SNAPSTART,
    "odd texts": ODD,
    "zip": ZIP,
}


def translated(deployment: Deployment) -> dict[str, Any]:
    """The resources that SAM makes of our template for it."""
    template = plain(
        read(render_sam_template(deployment, find_code(deployment, DIGEST, "python3.13" if deployment.is_zip else "")))
    )
    assert template["Transform"] == "AWS::Serverless-2016-10-31"
    # Its schemas take seconds to load, and only the worker that runs these tests needs them.
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=Session(region_name="eu-west-1"))
    found = translator.translate(template, {})
    resources = json.loads(json.dumps(found))["Resources"]
    assert isinstance(resources, dict)
    return resources


def plain_resources(deployment: Deployment) -> dict[str, Any]:
    resources = json.loads(json.dumps(plain(read(render(deployment)))))["Resources"]
    assert isinstance(resources, dict)
    return resources


def named_alike(resources: dict[str, Any]) -> dict[str, Any]:
    """Both under the same names: SAM's alias and version have names of its own."""
    text = json.dumps(resources).replace("FunctionAliaslive", "LiveAlias").replace("${AWS::Region}", "eu-west-1")
    found = json.loads(re.sub(r"(Function)?Version[0-9a-f]{10}", "Version", text))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("deployment", CASES.values(), ids=CASES)
def test_sam_makes_of_it_what_the_plain_template_has(deployment: Deployment):
    ours, theirs = named_alike(plain_resources(deployment)), named_alike(translated(deployment))
    assert set(theirs) == set(ours)
    for name, resource in ours.items():
        found = theirs[name]
        assert found["Type"] == resource["Type"]
        if name == "LiveAlias":
            resource["Properties"]["FunctionVersion"] = {"Fn::GetAtt": ["Version", "Version"]}  # no LiveVersion
        wanted, got = resource.get("Properties", {}), found.get("Properties", {})
        if name == "Function":
            for properties in (wanted, got):
                tags = properties.pop("Tags", [])
                properties["Tags"] = {tag["Key"]: tag["Value"] for tag in tags if tag["Key"] != "lambda:createdBy"}
        assert got == wanted, name
        assert found.get("DeletionPolicy") == resource.get("DeletionPolicy")


def test_the_notes_about_the_settings_are_those_of_the_plain_template():
    deployment = replace(
        BARE, timeout=31, keep_warm="rate(5 minutes)", on_success="arn:aws:sqs:eu-west-1:123456789012:q"
    )
    texts = (render(deployment), render_sam_template(deployment, image_uri(deployment.repository, DIGEST)))
    for said in ("an HTTP API waits 30 s", "on-success gets a record for each ping"):
        assert [said in " ".join(text.replace("# ", "").split()) for text in texts] == [True, True], said


def test_the_command_of_a_template_that_no_call_takes_goes_through_s3():
    large = replace(BARE, environment={f"KEY{number}": "x" * 1000 for number in range(60)})
    commands = [
        next(line for line in render_sam_template(each, DIGEST).splitlines() if "sam deploy" in line)
        for each in (BARE, large)
    ]
    assert [each.endswith(" --image-repository URI --s3-bucket BUCKET") for each in commands] == [False, True]

"""docs/how-to/other-tools.md: what CDK makes of the template, and what the Terraform file contains."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest

from iris_model.aws.cloudformation.yaml_text import plain, read
from tests.aws.test_template import BARE, ENDPOINTS, FULL, render, with_endpoint
from tests.support.book import REPOSITORY, read_blocks

PAGE = REPOSITORY / "docs/how-to/other-tools.md"


def block_of(language: str) -> str:
    (found,) = (block.text for block in read_blocks(PAGE) if block.language == language)
    return found


def spelled_alike(value: Any) -> Any:
    """CDK writes `Fn::GetAtt` as one text, and `DependsOn` as a list."""
    if isinstance(value, dict):
        return {
            name: ".".join(each)
            if name == "Fn::GetAtt" and isinstance(each, list)
            else [each]
            if name == "DependsOn" and isinstance(each, str)
            else spelled_alike(each)
            for name, each in value.items()
        }
    return [spelled_alike(each) for each in value] if isinstance(value, list) else value


def filled_in(value: Any) -> Any:
    """The parameter replaced by its value, which is empty."""
    return json.loads(json.dumps(value).replace('{"Ref": "LiveVersion"}', '""'))


@pytest.mark.slow
@pytest.mark.parametrize("full", [False, True], ids=["bare", "full"])
def test_cdk_makes_the_resources_of_the_template(tmp_path: Path, full: bool):
    """By aws-cdk-lib, which runs in Node: the stack has our resources under our names, and a version that gets the traffic."""
    text = render(with_endpoint(FULL, ENDPOINTS["http-api-jwt-routes"]) if full else BARE)
    (tmp_path / "template.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "app.py").write_text(block_of("python").replace("App()", 'App(outdir="out")'), encoding="utf-8")
    done = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    made = json.loads((tmp_path / "out/flowers.template.json").read_text(encoding="utf-8"))
    ours: dict[str, Any] = json.loads(json.dumps(plain(read(text))))
    wanted = spelled_alike({**ours["Resources"], "LiveAlias": filled_in(ours["Resources"]["LiveAlias"])})
    assert {name: spelled_alike(made["Resources"][name]) for name in wanted} == wanted
    # The parameter is filled in, and its condition is false: the alias takes the new version.
    assert "LiveVersion" not in made.get("Parameters", {})
    assert made["Conditions"]["LiveVersionIsGiven"] == {"Fn::Not": [{"Fn::Equals": ["", ""]}]}
    assert made["Outputs"]["Alias"]["Value"] == {"Ref": "LiveAlias"}


@pytest.mark.slow
def test_terraform_deploys_the_same_file():
    (resource,) = hcl2.loads(block_of("hcl"))["resource"]
    ((kind, named),) = resource.items()
    (found,) = named.values()
    template = read(render(BARE))
    assert kind.strip('"') == "aws_cloudformation_stack"
    assert set(found["parameters"]) == set(template["Parameters"])
    assert [each.strip('"') for each in found["capabilities"]] == ["CAPABILITY_IAM"]
    assert "template.yaml" in found["template_body"]
    outputs = {each for each in template["Outputs"] if f'outputs["{each}"]' in block_of("hcl")}
    assert outputs == {"Endpoint"}

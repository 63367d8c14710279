"""Render a deployment as an AWS SAM template, with `AWS::Serverless::Function` for function, version and alias.

SAM publishes a version and moves the alias at each deployment, without verification. So the template has no
`LiveVersion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iris_model.aws.cloudformation.code import Archive, Code
from iris_model.aws.cloudformation.logical_ids import FUNCTION, LIVE, VERSION_OUTPUT
from iris_model.aws.cloudformation.template import comments_of, make_parts, make_sections, render_with_command
from iris_model.aws.cloudformation.yaml_text import Tag, ref
from iris_model.aws.deployment import ALIAS
from iris_model.contract.deployment import Deployment

_ALIAS_OF_SAM = f"{FUNCTION}Alias{ALIAS}"
"""SAM's name of the alias that it creates."""

_HEAD = (
    "{function}: written by `iris-model template --format sam`, for AWS SAM.\n"
    "  sam deploy --template-file FILE --stack-name {stack} --capabilities CAPABILITY_IAM --image-repository URI"
    "{bucket}"
)
_COMMENT = (
    "The function, with a version for each deployment and the alias that callers use. SAM moves the alias "
    "immediately; `iris-model deploy` verifies first."
)


def render_sam_template(deployment: Deployment, code: Code) -> str:
    """Render the template for SAM; `code` is the image's URI, by digest, or the archive."""
    parts = make_parts(deployment)
    template = make_sections(deployment, code, parts)
    kinds = {name: each["Type"] for name, each in template["Resources"].items()}
    dropped = {name for name, kind in kinds.items() if kind in ("AWS::Lambda::Version", "AWS::Lambda::Alias")}
    alias = template["Resources"][LIVE]["Properties"]
    resources = {name: _with_alias_of_sam(each) for name, each in template["Resources"].items() if name not in dropped}
    resources[FUNCTION] = _serverless_function(resources[FUNCTION]["Properties"], alias)
    outputs = {name: each for name, each in template["Outputs"].items() if name != VERSION_OUTPUT}
    outputs[VERSION_OUTPUT] = {
        "Description": "The version that this template created.",
        "Value": ref(f"{FUNCTION}.Version"),
    }
    sections = {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": template["Description"],
        "Resources": resources,
        "Outputs": outputs,
    }
    head = _HEAD.replace(" --image-repository URI", "") if isinstance(code, Archive) else _HEAD
    return render_with_command(deployment, sections, {**comments_of(parts), FUNCTION: _COMMENT}, head)


def _serverless_function(properties: Mapping[str, Any], alias: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties with SAM's names."""
    found = dict(properties)
    code = found.pop("Code")
    found |= (
        {"ImageUri": code["ImageUri"]}
        if "ImageUri" in code
        else {"CodeUri": {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}}
    )
    if "Tags" in found:
        found["Tags"] = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    if "TracingConfig" in found:
        found["Tracing"] = found.pop("TracingConfig")["Mode"]
    if "DeadLetterConfig" in found:
        target = found.pop("DeadLetterConfig")["TargetArn"]
        found["DeadLetterQueue"] = {"Type": target.split(":")[2].upper(), "TargetArn": target}
    found |= {"AutoPublishAlias": ALIAS, "AutoPublishAliasAllProperties": True}
    if "ProvisionedConcurrencyConfig" in alias:
        found["ProvisionedConcurrencyConfig"] = alias["ProvisionedConcurrencyConfig"]
    return {"Type": "AWS::Serverless::Function", "Properties": found}


def _with_alias_of_sam(value: Any) -> Any:
    """Replace references to our alias by SAM's."""
    if isinstance(value, Tag):
        return ref(f"{FUNCTION}.Alias") if value == ref(LIVE) else value
    if isinstance(value, dict):
        return {
            name: _ALIAS_OF_SAM if name == "DependsOn" and each == LIVE else _with_alias_of_sam(each)
            for name, each in value.items()
        }
    return [_with_alias_of_sam(each) for each in value] if isinstance(value, list) else value

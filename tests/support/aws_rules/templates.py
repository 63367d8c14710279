"""Rules of the contents of a template."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from .rule import Refused, rule

MOST_TAGS = 50
MOST_SECONDS_OF_HTTP_API = 30

# What a reader of YAML 1.1 or 1.2 may take for something else than a text: every implicit type of both, and more of each than
# one library knows (`1234567e5` is a number for some, `08` loses its zero for others).
_AMBIGUOUS = re.compile(
    r"""
    (?: ~ | null | Null | NULL | = | << | )                                             # null, value, merge, nothing
  | (?i: y | n | yes | no | true | false | on | off | [-+]?\.?(?:inf|infinity) | \.?nan )   # booleans and odd numbers
  | [-+]? (?: 0b[01_]+ | 0o?[0-7_]+ | 0x[0-9A-Fa-f_]+ )                                    # integers of other bases
  | [-+]? [0-9][0-9_,]* (?: : [0-5]?[0-9] )* (?: \.[0-9_]* )? (?: [eE][-+]?[0-9]+ )?         # numbers, of base 60 too
  | [-+]? \.[0-9_]+ (?: [eE][-+]?[0-9]+ )?
  | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: (?: [Tt]|[ \t]+ ) [0-9:.]+ .* )?                      # dates and times
    """,
    re.VERBOSE,
)


def is_ambiguous(text: str) -> bool:
    """Whether a plain scalar may be read as something else than a text."""
    return _AMBIGUOUS.fullmatch(text) is not None


@rule(5, "serverless-application-model#200, aws-cli#3991, aws-cdk#3918; https://yaml.org/type/")
def check_texts(body: str) -> None:
    """Refuse a plain scalar that may be read as something else, where CloudFormation wants a text."""
    for path, node in _scalars(yaml.compose(body), ()):
        is_text = {"Variables", "Tags", "Default", "Description", "Version"} & set(path[:-1]) or path[-1:] in (
            ("Default",), ("Description",), ("Version",), ("AWSTemplateFormatVersion",), ("PayloadFormatVersion",)
        )  # fmt: skip
        if is_text and node.style is None and not node.tag.startswith("!") and is_ambiguous(node.value):
            raise Refused(
                "ValidationError", f"Template format error: {'/'.join(path)}: {node.value} is not a text for all"
            )


def _scalars(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, ""), key  # a key is a text, whatever is below it
            yield from _scalars(value, (*path, str(key.value)))


@rule(6, "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm-secure-strings.html")
def check_secrets(body: str, type_of: Callable[[str], str]) -> None:
    """Refuse a parameter of SSM that is not there or is a SecureString; `type_of` gives its type, or ""."""
    for kind, name in re.findall(r"\{\{resolve:(ssm|ssm-secure):([^}:]+)", body):
        found = type_of(name)
        if kind == "ssm-secure":
            message = "SSM Secure reference is not supported in: [AWS::Lambda::Function/Properties/Environment]"
            raise Refused("ValidationError", message)
        if not found:
            raise Refused(
                "ValidationError", f"Unable to fetch parameters [{name}] from parameter store for this account."
            )
        if found == "SecureString":
            message = f"Non-secure ssm prefix was used for secure parameter: {name}"
            raise Refused("ValidationError", message)


@rule(7, "pulumi-aws#2363, terraform-provider-aws#43307 (doubt)")
def check_throttling(settings: Mapping[str, Any]) -> None:
    """Refuse route settings of an HTTP API with one limit alone: the other may be 0, and everybody gets 429."""
    limits = {"ThrottlingRateLimit", "ThrottlingBurstLimit"} & set(settings)
    if len(limits) == 1:
        raise Refused("BadRequestException", f"{limits.pop()} alone: the other limit may be 0")


@rule(10, "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html")
def check_tags(tags: Any) -> None:
    """Refuse more tags than a resource may have."""
    if len(tags or ()) > MOST_TAGS:
        raise Refused("ValidationError", f"{len(tags)} tags: a resource has at most {MOST_TAGS}")


@rule(14, "aws-lambda-roadmap#98, serverless#13834, serverless#13847")
def check_snapstart(function: Mapping[str, Any], aliases: Sequence[Mapping[str, Any]] = ()) -> None:
    """Refuse SnapStart together with what it does not work with; the properties of a function and of its aliases."""
    if (function.get("SnapStart") or {}).get("ApplyOn", "None") == "None":
        return
    storage = int((function.get("EphemeralStorage") or {}).get("Size", 512))
    against = [
        *(["ephemeral storage over 512 MB"] if storage > 512 else []),
        *(["EFS"] if function.get("FileSystemConfigs") else []),
        *(["provisioned concurrency"] if any(each.get("ProvisionedConcurrencyConfig") for each in aliases) else []),
    ]
    if against:
        raise Refused("InvalidParameterValueException", f"SnapStart is not supported with {' and '.join(against)}")


@rule(14, "serverless#13847")
def can_snapstart(base_image: str, labels: Mapping[str, str]) -> bool:
    """Whether SnapStart takes an image: on AWS's base of Python 3.12 or later, or labelled."""
    if labels.get("com.amazonaws.lambda.feature.snapstart") == "Allow":
        return True
    found = re.fullmatch(r"public\.ecr\.aws/lambda/python:3\.(\d+).*", base_image)
    return found is not None and int(found[1]) >= 12


def check_template(body: str, type_of: Callable[[str], str], resources: Mapping[str, Any]) -> None:
    """Every rule of this file on a template; `resources` is its section as plain data."""
    check_texts(body)
    properties = {
        kind: [each.get("Properties", {}) for each in resources.values() if each.get("Type") == kind]
        for kind in {each.get("Type") for each in resources.values()}
    }
    for stage in properties.get("AWS::ApiGatewayV2::Stage", []):
        check_throttling(stage.get("DefaultRouteSettings", {}))
    for each in resources.values():
        check_tags(each.get("Properties", {}).get("Tags"))
    for function in properties.get("AWS::Lambda::Function", []):
        check_snapstart(function, properties.get("AWS::Lambda::Alias", []))
    check_secrets(body, type_of)

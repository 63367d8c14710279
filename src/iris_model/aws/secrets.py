"""References to secrets in `iris-model.toml`: their form in a template, their ARNs, and whether they exist.

A reference is `secretsmanager:NAME`, `secretsmanager:NAME:KEY`, the same with the secret's ARN, or `ssm:NAME`.
CloudFormation resolves them; the value is never read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from iris_model.aws.client.calls import Aws
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

_ARN = re.compile(r"(arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+)(?::(.+))?")
_RANDOM_END = re.compile(r"-[A-Za-z0-9]{6}$")
_MOST_NAMES = 10  # the limit of GetParameters


class Reference(NamedTuple):
    """The location of a secret: service, name or ARN, and the key in its JSON."""

    service: str
    name: str
    key: str = ""

    @property
    def dynamic(self) -> str:
        """The dynamic reference, which CloudFormation resolves and never shows."""
        tail = f":SecretString:{self.key}" if self.key else ""
        return f"{{{{resolve:{self.service}:{self.name}{tail}}}}}"

    @property
    def parameter(self) -> str:
        """The name of an SSM parameter without its version."""
        return self.name.partition(":")[0]


def read_reference(text: str) -> Reference:
    """Parse a reference to a secret."""
    service, _, rest = text.partition(":")
    if service != "secretsmanager":
        return Reference(service, rest)
    if found := _ARN.fullmatch(rest):
        return Reference(service, found[1], found[2] or "")
    name, _, key = rest.partition(":")
    return Reference(service, name, key)


def find_arn(reference: Reference, *, partition: str, region: str, account: str) -> str:
    """Return the ARN for IAM policies. Secrets Manager appends a hyphen and six random characters to a name.

    CloudFormation finds a secret by an ARN without them, but IAM compares the whole ARN.
    """
    if reference.name.startswith("arn:"):
        return reference.name if _RANDOM_END.search(reference.name) else f"{reference.name}-??????"
    if reference.service == "ssm":
        return f"arn:{partition}:ssm:{region}:{account}:parameter/{reference.parameter.lstrip('/')}"
    return f"arn:{partition}:secretsmanager:{region}:{account}:secret:{reference.name}-??????"


def check_parameters(aws: Aws, deployment: Deployment) -> None:
    """Refuse SSM parameters that do not exist or are SecureStrings, which Lambda's environment does not support."""
    wanted = {variable: read_reference(text) for variable, text in deployment.secrets.items()}
    types = find_types(aws, [each.name for each in wanted.values() if each.service == "ssm"])
    for variable, reference in wanted.items():
        if reference.service != "ssm":
            continue
        if problem := say_problem(reference, types):
            raise DeploymentError(f"secrets.{variable}: {problem[0]}", remedy=problem[1])


def say_problem(reference: Reference, types: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what is wrong with an SSM parameter, and what to do; `types` comes from SSM."""
    kind = types.get(reference.name, "")
    if not kind:
        return (
            f"no parameter {reference.name} in SSM",
            f"Create it: aws ssm put-parameter --name {reference.parameter} --type String --value VALUE",
        )
    if kind == "SecureString":
        return (
            f"the parameter {reference.name} is a SecureString, which CloudFormation cannot use for the environment "
            f"of a function",
            "Use Secrets Manager: aws secretsmanager create-secret --name NAME --secret-string VALUE, then "
            '"secretsmanager:NAME" in [secrets].',
        )
    return None


def find_types(aws: Aws, names: list[str]) -> dict[str, str]:
    """Return the types of existing SSM parameters, without decrypting values."""
    found: dict[str, str] = {}
    distinct = list(dict.fromkeys(names))
    for begin in range(0, len(distinct), _MOST_NAMES):
        asked = distinct[begin : begin + _MOST_NAMES]
        answer = aws.call("ssm", "GetParameters", f"parameter {', '.join(asked)}", Names=asked)
        for each in answer.get("Parameters", []):
            name = str(each["Name"]) + str(each.get("Selector", ""))
            found |= {wanted: str(each["Type"]) for wanted in asked if wanted in (name, str(each["Name"]))}
    return found

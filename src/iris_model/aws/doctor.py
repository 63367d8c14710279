"""Check the requirements of a deployment: credentials, clock, permissions, role, secrets. Each result is a `Check`.

Permissions are checked by IAM's simulation; nothing is changed. A failed check does not stop the next ones.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from iris_model.aws.access.permissions import Names, make_policy
from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.parts import PARTS
from iris_model.aws.deployment import LONGEST_STACK
from iris_model.aws.notes import find_notes
from iris_model.aws.secrets import Reference, find_types, read_reference, say_problem
from iris_model.contract import documentation
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

GOOD, WARNING, BAD = "good", "warning", "bad"

# AWS accepts a signature for five minutes.
_LARGEST_SKEW_SECONDS = 240
_ACTIONS_PER_QUESTION = 50


@dataclass(frozen=True)
class Check:
    """The subject of a check, the result, and a hint."""

    name: str
    verdict: str
    says: str
    remedy: str = ""


def check_settings(deployment: Deployment) -> list[Check]:
    """Return the checks that need no AWS: surprising settings, and the name of the stack."""
    checks = [Check("settings", WARNING, note.text, note.hint) for note in find_notes(deployment)]
    if deployment.role is None and len(deployment.stack) > LONGEST_STACK:
        says = f"the stack name has {len(deployment.stack)} characters; a new stack may have {LONGEST_STACK}"
        checks.append(Check("settings", WARNING, says, 'Set a shorter name in iris-model.toml: stack = "...".'))
    return checks


def check_aws(aws: Aws, deployment: Deployment | None, now: Callable[[], datetime]) -> list[Check]:
    """Check credentials and clock, and with a deployment its permissions, role and secrets."""
    try:
        identity = aws.call("sts", "GetCallerIdentity", "the credentials")
    except DeploymentError as error:
        return [Check("credentials", BAD, error.problem, error.remedy)]
    checks = [Check("credentials", GOOD, f"{aws.origin}: {identity['Arn']}")]
    date = identity.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date:
        checks.append(check_clock(parsedate_to_datetime(date), now()))
    if deployment is not None:
        if deployment.role:
            checks.append(_check_role(aws, deployment, deployment.role))
        checks += _check_secrets(aws, deployment)
        checks.append(_check_permissions(aws, deployment, str(identity["Arn"]), str(identity["Account"])))
    return checks


def check_clock(theirs: datetime, ours: datetime) -> Check:
    """Compare the local clock with the clock of AWS."""
    seconds = abs((theirs - ours).total_seconds())
    if seconds > _LARGEST_SKEW_SECONDS:
        return Check(
            "clock", BAD, f"{seconds:.0f} s off from the AWS clock; the limit is 300 s", "Set the clock (NTP)."
        )
    return Check("clock", GOOD, f"{seconds:.0f} s off from the AWS clock")


def name_all(deployment: Deployment, *, account: str, region: str, partition: str) -> Names:
    """Return the names in the deployment's policy."""
    return Names(
        account=account,
        region=region,
        function=deployment.function,
        stack=deployment.stack,
        repository=deployment.repository,
        partition=partition,
        role=deployment.role or "",
        keys=deployment.keys,
        kms_key=deployment.kms_key or "",
        hosted_zone=(deployment.domain.hosted_zone or "") if deployment.domain else "",
        secrets=tuple(read_reference(text) for text in deployment.secrets.values()),
    )


def _check_role(aws: Aws, deployment: Deployment, arn: str) -> Check:
    name = arn.rpartition("/")[2]
    try:
        found = aws.call(
            "iam", "GetRole", f"role {name}", absent=("NoSuchEntity", "NoSuchEntityException"), RoleName=name
        )
    except DeploymentError as error:
        return Check("role", WARNING, f"{arn} cannot be checked: {error.problem}", error.remedy)
    if not found:
        return Check("role", BAD, f"{arn} does not exist", "Correct role in iris-model.toml, or remove it.")
    trust = _read_document(found["Role"].get("AssumeRolePolicyDocument", {}))
    if "lambda.amazonaws.com" not in json.dumps(trust):
        return Check(
            "role", BAD, f"{arn} cannot be assumed by Lambda",
            "Its trust policy must allow lambda.amazonaws.com to call sts:AssumeRole.",
        )  # fmt: skip
    says = f"{arn} can be assumed by Lambda"
    try:
        missing = _find_missing_of_role(aws, deployment, arn)
    except DeploymentError as error:
        return Check("role", WARNING, f"{says}; IAM cannot simulate its permissions: {error.problem}", error.remedy)
    if missing:
        # The result is not BAD, because the policy of a key, queue or topic may allow the action. The simulation
        # ignores such policies.
        return Check(
            "role", WARNING, f"{says}, and its policies do not allow {missing}",
            "Add the statements that `iris-model template` shows without role, unless the resource's own policy allows it.",
        )  # fmt: skip
    return Check("role", GOOD, f"{says}, and may do what the function needs")


def _find_missing_of_role(aws: Aws, deployment: Deployment, arn: str) -> str:
    """Return the permissions that the configured role lacks, compared with a role of the stack; "" if none."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    streams = f"arn:{partition}:logs:{aws.region}:{account}:log-group:{deployment.log_group}:log-stream:x"
    needs: list[tuple[list[str], str]] = [(["logs:CreateLogStream", "logs:PutLogEvents"], streams)]
    for statement in (each for add in PARTS for each in add(deployment).statements if each["Effect"] == "Allow"):
        actions = statement["Action"]
        needs.append(([actions] if isinstance(actions, str) else list(actions), str(statement["Resource"])))
    found = [(_simulate(aws, arn, actions, _example(resource)), resource) for actions, resource in needs]
    return "; ".join(f"{', '.join(denied)} on {resource}" for denied, resource in found if denied)


def _read_document(document: str | Mapping[str, Any]) -> Any:
    """Return an IAM policy as data: boto3 decodes it, IAM sends encoded JSON."""
    return json.loads(urllib.parse.unquote(document)) if isinstance(document, str) else document


def _check_secrets(aws: Aws, deployment: Deployment) -> list[Check]:
    checks = []
    for variable, text in sorted(deployment.secrets.items()):
        reference = read_reference(text)
        try:
            problem = _find_problem(aws, reference)
        except DeploymentError as error:
            says = f"{variable}: {reference.name} cannot be checked: {error.problem}"
            checks.append(Check("secrets", WARNING, says, error.remedy))
            continue
        if problem:
            checks.append(Check("secrets", BAD, f"{variable}: {problem[0]}", problem[1]))
        else:
            checks.append(Check("secrets", GOOD, f"{variable}: {reference.service} has {reference.name}"))
    return checks


def _find_problem(aws: Aws, reference: Reference) -> tuple[str, str] | None:
    if reference.service == "ssm":
        return say_problem(reference, find_types(aws, [reference.name]))
    found = aws.call(
        "secretsmanager", "DescribeSecret", f"secret {reference.name}", absent=("ResourceNotFoundException",),
        SecretId=reference.name,
    )  # fmt: skip
    if not found:
        return (
            f"no secret {reference.name} in Secrets Manager",
            f"Create it: aws secretsmanager create-secret --name {reference.name} --secret-string VALUE",
        )
    if found.get("DeletedDate"):
        return (
            f"the secret {reference.name} is scheduled for deletion",
            f"Restore it: aws secretsmanager restore-secret --secret-id {reference.name}",
        )
    return None


def _check_permissions(aws: Aws, deployment: Deployment, arn: str, account: str) -> Check:
    if arn.endswith(":root"):
        return Check(
            "permissions",
            WARNING,
            "this is the root user, with all permissions",
            "Create an IAM user or role for daily work.",
        )
    names = name_all(deployment, account=account, region=aws.region, partition=arn.split(":")[1])
    missing: dict[str, list[str]] = {}
    try:
        source = _policy_source(aws, arn)
        for statement in make_policy(names, signs=deployment.endpoint.auth == "iam")["Statement"]:
            for resource in statement["Resource"]:
                denied = _simulate(aws, source, statement["Action"], _example(resource))
                if denied:
                    missing.setdefault(", ".join(sorted(denied)), []).append(resource)
    except DeploymentError as error:
        says = f"IAM cannot simulate your permissions: {error.problem}"
        return Check("permissions", WARNING, says, "A deployment may still work. Run `iris-model deploy --plan`.")
    if missing:
        listing = "; ".join(f"{actions} on {' and '.join(resources)}" for actions, resources in missing.items())
        remedy = f"Request them: {documentation.PERMISSIONS} has the policy for a deployer."
        return Check("permissions", BAD, f"missing: {listing}", remedy)
    return Check("permissions", GOOD, "everything that a deployment needs")


def _example(resource: str) -> str:
    """Return an ARN that matches a pattern, because IAM does not simulate patterns."""
    if resource == "*":
        return resource
    return resource.replace("??????", "AbCdEf").replace("::*/tags/", "::/tags/").replace("*", "x")


def _simulate(aws: Aws, source: str, actions: Sequence[str], resource: str) -> list[str]:
    denied = []
    for begin in range(0, len(actions), _ACTIONS_PER_QUESTION):
        answer = aws.call(
            "iam",
            "SimulatePrincipalPolicy",
            f"the permissions of {source}",
            PolicySourceArn=source,
            ActionNames=list(actions[begin : begin + _ACTIONS_PER_QUESTION]),
            # One resource per call: for several, IAM returns one decision for all.
            ResourceArns=[resource],
            ContextEntries=[
                {
                    "ContextKeyName": "iam:PassedToService",
                    "ContextKeyValues": ["lambda.amazonaws.com"],
                    "ContextKeyType": "string",
                }
            ],
        )
        results = answer.get("EvaluationResults", [])
        denied += [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]
    return denied


def _policy_source(aws: Aws, arn: str) -> str:
    """Return the ARN of the user or role for the simulation; for the session of a role, the ARN of the role.

    The session's name lacks the path of the role, which SSO roles have.
    """
    if ":assumed-role/" not in arn:
        return arn
    role = arn.partition(":assumed-role/")[2].split("/")[0]
    return str(aws.call("iam", "GetRole", f"role {role}", RoleName=role)["Role"]["Arn"])

"""Looks for what would stop a deployment before it begins: credentials, region, clock, permissions. Each check is one `Check`.

Permissions are asked of IAM by simulation: nothing is called that would change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from iris_model.aws.calls import Aws
from iris_model.aws.deployment import Deployment
from iris_model.aws.permissions import Names, make_policy
from iris_model.errors import DeploymentError

GOOD, WARNING, BAD = "good", "warning", "bad"

# AWS takes a signature for five minutes.
_LARGEST_SKEW_SECONDS = 240
_ACTIONS_PER_QUESTION = 50


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, and the way out if it is not good."""

    name: str
    verdict: str
    says: str
    remedy: str = ""


def check_aws(aws: Aws, deployment: Deployment | None, now: Callable[[], datetime]) -> list[Check]:
    """Check credentials, clock, and permissions for a deployment if there is one to be.

    What comes after a failure that explains it is left out.
    """
    try:
        identity = aws.call("sts", "GetCallerIdentity", "the credentials")
    except DeploymentError as error:
        return [Check("credentials", BAD, error.problem, error.remedy)]
    checks = [Check("credentials", GOOD, f"{aws.origin}: {identity['Arn']}")]
    date = identity.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date:
        checks.append(check_clock(parsedate_to_datetime(date), now()))
    if deployment is not None:
        checks += _check_permissions(aws, deployment, str(identity["Arn"]), str(identity["Account"]))
    return checks


def check_clock(theirs: datetime, ours: datetime) -> Check:
    """Compare the clock here with that of AWS."""
    seconds = abs((theirs - ours).total_seconds())
    if seconds > _LARGEST_SKEW_SECONDS:
        return Check("clock", BAD, f"{seconds:.0f} s away from that of AWS, which takes 300 s", "Set the clock (NTP).")
    return Check("clock", GOOD, f"{seconds:.0f} s away from that of AWS")


def _check_permissions(aws: Aws, deployment: Deployment, arn: str, account: str) -> list[Check]:
    names = Names(
        account=account,
        region=aws.region,
        function=deployment.function,
        stack=deployment.stack,
        repository=deployment.repository,
        partition=arn.split(":")[1],
    )
    if arn.endswith(":root"):
        return [
            Check("permissions", WARNING, "this is the root user, who may do everything", "Make a user for daily work.")
        ]
    missing: list[str] = []
    try:
        source = _policy_source(aws, arn)
        for statement in make_policy(names, signs=deployment.endpoint.auth == "iam")["Statement"]:
            missing += _simulate(aws, source, statement["Action"], statement["Resource"][:1])
    except DeploymentError as error:
        says = f"IAM cannot be asked what you may do: {error.problem}"
        return [
            Check("permissions", WARNING, says, "A deployment may work all the same: iris-model deploy --plan tells.")
        ]
    if missing:
        remedy = "Ask for them: docs/reference/permissions.md has the policy of a deployer."
        return [Check("permissions", BAD, f"missing: {', '.join(sorted(set(missing)))}", remedy)]
    return [Check("permissions", GOOD, "all that a deployment needs")]


def _simulate(aws: Aws, source: str, actions: Sequence[str], resources: Sequence[str]) -> list[str]:
    denied = []
    for begin in range(0, len(actions), _ACTIONS_PER_QUESTION):
        answer = aws.call(
            "iam",
            "SimulatePrincipalPolicy",
            f"the permissions of {source}",
            PolicySourceArn=source,
            ActionNames=list(actions[begin : begin + _ACTIONS_PER_QUESTION]),
            ResourceArns=list(resources),
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
    """IAM simulates users and roles; a session of a role is not one, its role is. Its path, which those of SSO have, is not in
    the name of the session."""
    if ":assumed-role/" not in arn:
        return arn
    role = arn.partition(":assumed-role/")[2].split("/")[0]
    return str(aws.call("iam", "GetRole", f"role {role}", RoleName=role)["Role"]["Arn"])

"""Refuse in the plan what AWS would refuse during a deployment. Each error names the value and the key."""

from __future__ import annotations

from iris_model.aws.cloudformation.template import LARGEST_TEMPLATE_BYTES, LARGEST_TEMPLATE_BYTES_OF_S3
from iris_model.aws.deployment import LONGEST_STACK
from iris_model.aws.secrets import read_reference
from iris_model.aws.state.observe import Observed
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError


def check_template(deployment: Deployment, template: str, *, creates: bool) -> None:
    """Refuse a template beyond CloudFormation's limits, and a stack name that makes its role's name too long."""
    size = len(template.encode())
    if size > LARGEST_TEMPLATE_BYTES:
        from_a_bucket = (
            "; or deploy it from a bucket: iris-model "
            f"template > template.yaml, then aws cloudformation deploy --stack-name {deployment.stack} "
            "--template-file template.yaml --s3-bucket BUCKET --capabilities CAPABILITY_IAM --parameter-overrides LiveVersion="
        )
        fits_bucket = size <= LARGEST_TEMPLATE_BYTES_OF_S3
        also = "" if fits_bucket else f", and {LARGEST_TEMPLATE_BYTES_OF_S3:,} from a bucket"
        raise DeploymentError(
            f"the template has {size:,} bytes; CloudFormation accepts at most {LARGEST_TEMPLATE_BYTES:,} in a call{also}",
            remedy="Shorten tags, environment or routes in iris-model.toml" + (from_a_bucket if fits_bucket else "."),
        )
    if creates and deployment.role is None and len(deployment.stack) > LONGEST_STACK:
        raise DeploymentError(
            f"the stack name {deployment.stack} has {len(deployment.stack)} characters; beyond {LONGEST_STACK} IAM "
            f"truncates the name of the role, and a policy for STACK-Role-* does not match it",
            remedy='Set a shorter name in iris-model.toml: stack = "...".',
        )


def check_region(deployment: Deployment, region: str) -> None:
    """Refuse resources whose ARN shows that they are not in the function's region, as they must be."""
    domain = deployment.domain
    arns = {
        "kms-key": deployment.kms_key, "dead-letter": deployment.dead_letter, "on-failure": deployment.on_failure,
        "on-success": deployment.on_success, "domain.certificate": domain.certificate if domain else None,
    }  # fmt: skip
    # Secrets Manager finds only secrets in the region in which CloudFormation asks.
    arns |= {f"secrets.{name}": read_reference(text).name for name, text in deployment.secrets.items()}
    for key, arn in arns.items():
        place = arn.split(":")[3] if arn and arn.startswith("arn:") else ""
        if place and place != region:
            raise DeploymentError(
                f"{key} is in region {place}, and the function is in {region}: {arn}",
                remedy=f"Use one in {region}, or deploy with --region {place}.",
            )


def check_canary(deployment: Deployment, observed: Observed) -> None:
    """Refuse a canary between versions with different roles or dead-letter queues: Lambda cannot weight these."""
    answering, function = observed.answering, observed.function
    if answering is None or function is None or not answering.role:
        return
    stack = observed.stack
    makes_role = stack is not None and stack.makes_role
    coming = deployment.role or (function.role if makes_role else "the one that the stack creates")
    if coming != answering.role:
        raise DeploymentError(
            f"a canary is not possible: version {observed.live.version if observed.live else '?'} runs as {answering.role}, the "
            f"new one as {coming}, and Lambda splits requests only between versions with the same role",
            remedy="Deploy without --canary.",
        )
    if (deployment.dead_letter or "") != answering.dead_letter:
        raise DeploymentError(
            f"no canary is possible: dead-letter of version {observed.live.version if observed.live else '?'} is "
            f"{answering.dead_letter or 'not set'}, and that of the new one is "
            f"{deployment.dead_letter or 'not set'}; Lambda splits requests only between versions with the same one",
            remedy="Deploy without --canary.",
        )

"""Convert the reason of a stack's failure to a readable sentence and a hint.

CloudFormation wraps the message of the service in several ways, and adds a documented code
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
"""

from __future__ import annotations

import re

from iris_model.contract import documentation

_PERMISSIONS = f"See {documentation.PERMISSIONS} for the policy of a deployer."
_QUOTA = (
    "A quota of the account is reached: delete unused resources, or request an increase in Service Quotas. Then "
    "run the same command again."
)

# A pattern in the reason -> the hint. The first match counts.
_REMEDIES = (
    (
        r"service control policy|resource control policy",
        "A policy of the organization denies it: ask its administrators (SCP), or use another account or region.",
    ),
    (r"explicit deny", "A policy denies it, and a deny overrides every permission. Remove the deny."),
    (r"iam:PassRole", "The deployer needs iam:PassRole on that role, for lambda.amazonaws.com. " + _PERMISSIONS),
    (r"cannot be assumed by Lambda", "Its trust policy must allow lambda.amazonaws.com to assume it (sts:AssumeRole)."),
    (
        r"UnreservedConcurrentExecution",
        "Set a smaller reserved-concurrency, or request more concurrency in Service Quotas. An account keeps some "
        "for functions without a reservation.",
    ),
    (
        r"(?i)code storage limit|CodeStorageExceeded",
        "Delete unused functions or versions, or request an increase in Service Quotas.",
    ),
    (r"ServiceLimitExceeded|LimitExceeded|exceed(ed)? quota|[Mm]aximum number of|limit of \d+", _QUOTA),
    (
        r"media type|image manifest",
        "The image is an index with attestations. Build it with `iris-model build`, or with `docker buildx build "
        "--provenance=false`.",
    ),
    (
        r"deleted image|Source image .* does not exist",
        "Its image was deleted from ECR. Run `iris-model deploy`, which pushes it again.",
    ),
    (
        r"does not have permission to access the ECR image|ImageAccessDenied",
        "The policy of the repository must allow lambda.amazonaws.com to read it (ecr:BatchGetImage, "
        "ecr:GetDownloadUrlForLayer).",
    ),
    (r"AccessDenied|[Nn]ot authorized|UnauthorizedTaggingOperation", _PERMISSIONS),
    (r"AlreadyExists|already exists", "Choose another name in iris-model.toml, or delete the existing resource."),
    (r"NonCompliant|Hook failed", "A CloudFormation hook of the account refuses it. Ask its owner."),
    (r"ExpiredToken|InvalidCredentials|security token", "Log in again, then run the same command again to continue."),
)

# The state of the stack -> the hint, if the reason has none.
_BY_STATE = {
    "UPDATE_ROLLBACK_COMPLETE": "CloudFormation rolled back; the old version still answers.",
    "UPDATE_ROLLBACK_FAILED": "The old version still answers. Fix the cause and run the same command again, or skip "
    "the resource: aws cloudformation continue-update-rollback --stack-name {stack} --resources-to-skip {resource}",
    "DELETE_FAILED": "Delete what blocks it in the console, then run the same command again. With --yes, resources "
    "that cannot be deleted are skipped.",
}


def is_denied(reason: str) -> bool:
    """Whether a permission is missing. Then the hint is to allow it, and the resource is not skipped."""
    return re.search(r"iam:PassRole|AccessDenied|[Nn]ot authorized|explicit deny|control policy", reason) is not None


def clean_reason(reason: str) -> str:
    """Remove the wrapping: request ids and tokens do not help the user."""
    reason = re.sub(r"\s*\(RequestToken: [^)]*\)", "", reason)
    reason = re.sub(
        r",? ?(Status Code: \d+|Request ID: [\w-]+|Extended Request ID: [^,;)]+|SDK Attempt Count: \d+)", "", reason
    )
    reason = re.sub(r"\(Service: ([\w ]+)[;,\s]*\)", r"(\1)", reason)
    reason = re.sub(r"^Resource handler returned message: \"(.*)\"$", r"\1", reason.strip(), flags=re.DOTALL)
    return re.sub(r"\s*\(\)", "", " ".join(reason.split())).rstrip(".")


def find_remedy(reason: str, status: str, stack: str, resource: str) -> str:
    """Return the hint for a resource that failed: by its reason, or by the state of the stack."""
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, reason):
            return remedy
    found = _BY_STATE.get(status, "Fix the cause, then run the same command again. It cleans up first.")
    return found.format(stack=stack, resource=resource)

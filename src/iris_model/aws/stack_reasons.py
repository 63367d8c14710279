"""Why a stack failed, as CloudFormation says it, in; a sentence that people can read, and the way out, out.

CloudFormation passes on what the service said, in one of several wrappings; its handlers add a code of a published list
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
"""

from __future__ import annotations

import re

_PERMISSIONS = "docs/reference/permissions.md has the policy of a deployer."
_QUOTA = "A quota of the account is reached: free something, or ask for more in Service Quotas; then the same command goes on."

# A pattern in the reason -> the way out; the first that is found counts.
_REMEDIES = (
    (
        r"service control policy|resource control policy",
        "The organization forbids it: ask who keeps its policies (SCP), or use another account or region.",
    ),
    (r"explicit deny", "A policy forbids it, and a deny wins over every permission: take it away."),
    (r"iam:PassRole", "The deployer needs iam:PassRole on that role, for lambda.amazonaws.com. " + _PERMISSIONS),
    (r"cannot be assumed by Lambda", "Its trust policy must let lambda.amazonaws.com assume it (sts:AssumeRole)."),
    (
        r"UnreservedConcurrentExecution",
        "Set a smaller reserved-concurrency, or ask for more concurrency in Service Quotas: an account keeps some for the "
        "functions that reserve none.",
    ),
    (
        r"(?i)code storage limit|CodeStorageExceeded",
        "Delete functions or versions that nobody needs, or ask for more in Service Quotas.",
    ),
    (r"ServiceLimitExceeded|LimitExceeded|exceed(ed)? quota|[Mm]aximum number of|limit of \d+", _QUOTA),
    (
        r"media type|image manifest",
        "The image has an index or an attestation: build it with iris-model build, or with --provenance=false.",
    ),
    (
        r"deleted image|Source image .* does not exist",
        "Its image was deleted from ECR: run iris-model deploy, which pushes it again.",
    ),
    (
        r"does not have permission to access the ECR image|ImageAccessDenied",
        "The policy of the repository must let lambda.amazonaws.com read it (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer).",
    ),
    (r"AccessDenied|[Nn]ot authorized|UnauthorizedTaggingOperation", _PERMISSIONS),
    (r"AlreadyExists|already exists", "Choose another name in iris-model.toml, or delete what is there."),
    (r"NonCompliant|Hook failed", "A hook of the account refuses it: its owner knows what it wants."),
    (r"ExpiredToken|InvalidCredentials|security token", "Log in again, then run the same command again: it goes on."),
)

# The state of the stack -> the way out where the reason tells none.
_BY_STATE = {
    "UPDATE_ROLLBACK_COMPLETE": "CloudFormation put everything back; the old version still answers.",
    "UPDATE_ROLLBACK_FAILED": "The old version still answers. Mend that and run the same command again; or leave the resource "
    "out: aws cloudformation continue-update-rollback --stack-name {stack} --resources-to-skip {resource}",
    "DELETE_FAILED": "Delete in the console what holds it, then run the same command again.",
}


def clean_reason(reason: str) -> str:
    """Take the wrapping off: numbers of requests and tokens help nobody."""
    reason = re.sub(r"\s*\(RequestToken: [^)]*\)", "", reason)
    reason = re.sub(
        r",? ?(Status Code: \d+|Request ID: [\w-]+|Extended Request ID: [^,;)]+|SDK Attempt Count: \d+)", "", reason
    )
    reason = re.sub(r"\(Service: ([\w ]+)[;,\s]*\)", r"(\1)", reason)
    reason = re.sub(r"^Resource handler returned message: \"(.*)\"$", r"\1", reason.strip(), flags=re.DOTALL)
    return re.sub(r"\s*\(\)", "", " ".join(reason.split())).rstrip(".")


def find_remedy(reason: str, status: str, stack: str, resource: str) -> str:
    """Find the way out."""
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, reason):
            return remedy
    found = _BY_STATE.get(status, "Mend that and run the same command again: it cleans up first.")
    return found.format(stack=stack, resource=resource)

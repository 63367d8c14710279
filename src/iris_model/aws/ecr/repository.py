"""The repository in ECR: create it with safe settings, log in to it, and name it for a push.

Lambda continues to load the image of every published version, but ECR does not know which images are used. So the
lifecycle policy expires only images with a mark, and images in use have no mark.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from dataclasses import dataclass, field

from iris_model.aws.client.calls import Aws
from iris_model.aws.deployment import OWNER_TAG
from iris_model.aws.ecr.images import SUPERSEDED
from iris_model.aws.state.observe import Repository
from iris_model.contract.deployment import Deployment

LIFECYCLE_POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Only what is tagged {SUPERSEDED}*: no version of a function uses it.",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": [f"{SUPERSEDED}*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 1,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


@dataclass(frozen=True)
class Login:
    """The login for the registry. The password is valid for 12 hours."""

    registry: str
    user: str
    password: str = field(repr=False)


def same_policy(one: str | None, other: str) -> bool:
    """Compare policies as data: ECR may reformat the text."""
    return one is not None and json.loads(one) == json.loads(other)


def create_repository(aws: Aws, deployment: Deployment) -> None:
    """Create the repository, if it does not exist."""
    tags = {**deployment.tags, OWNER_TAG: deployment.repository}
    aws.call(
        "ecr",
        "CreateRepository",
        f"repository {deployment.repository}",
        absent=("RepositoryAlreadyExistsException",),
        repositoryName=deployment.repository,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration={"encryptionType": "AES256"},
        tags=[{"Key": name, "Value": value} for name, value in sorted(tags.items())],
    )


def set_repository(aws: Aws, name: str, *, scan: bool, immutable: bool) -> None:
    """Turn scanning and immutable tags on."""
    if scan:
        aws.call(
            "ecr", "PutImageScanningConfiguration", f"repository {name}", repositoryName=name,
            imageScanningConfiguration={"scanOnPush": True},
        )  # fmt: skip
    if immutable:
        aws.call(
            "ecr", "PutImageTagMutability", f"repository {name}", repositoryName=name, imageTagMutability="IMMUTABLE"
        )


def set_lifecycle(aws: Aws, name: str) -> None:
    """Set the lifecycle policy."""
    aws.call(
        "ecr", "PutLifecyclePolicy", f"repository {name}", repositoryName=name, lifecyclePolicyText=LIFECYCLE_POLICY
    )


def log_in(aws: Aws) -> Login:
    """Return a login for the registry."""
    found = aws.call("ecr", "GetAuthorizationToken", "the registry")["authorizationData"][0]
    user, _, password = base64.b64decode(found["authorizationToken"]).decode().partition(":")
    return Login(urllib.parse.urlsplit(found["proxyEndpoint"]).netloc, user, password)


def registry_of(repository: Repository, endpoint_url: str) -> str:
    """Return the registry to push to: ECR's registry, or the registry of a custom ECR endpoint."""
    return registry_at(repository.uri.partition("/")[0], endpoint_url)


def registry_at(host: str, endpoint_url: str) -> str:
    """Return the registry for AWS's name `host`: the registry of the custom endpoint, if there is one."""
    endpoint = urllib.parse.urlsplit(endpoint_url)
    is_aws = (endpoint.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))
    return host if is_aws else endpoint.netloc

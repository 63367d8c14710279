"""Names of images on AWS: always by digest, in a repository in the function's region.

Tags are for people. They are immutable, so they are derived from the content.
"""

from __future__ import annotations

import re

from iris_model.aws.cloudformation.code import image_uri
from iris_model.aws.cloudformation.yaml_text import Tag
from iris_model.errors import DeploymentError

SUPERSEDED = "superseded-"
"""The tag prefix that lets an image expire."""

_DIGEST = r"sha256:[0-9a-f]{64}"
_URI = rf"\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9._/-]+@{_DIGEST}"


def tag_for(digest: str) -> str:
    """Return the tag with which an image is pushed."""
    return f"sha256-{digest.removeprefix('sha256:')[:16]}"


def mark_of(digest: str) -> str:
    """Return the tag that lets an image expire."""
    return f"{SUPERSEDED}{digest.removeprefix('sha256:')[:12]}"


def read_image(text: str, repository: str) -> str | Tag:
    """Return the URI of the image that a user names: by a digest in the project's repository, or by a whole URI."""
    if re.fullmatch(_DIGEST, text):
        return image_uri(repository, text)
    if re.fullmatch(_URI, text):
        return text
    if ".dkr.ecr." in text and "@" not in text:
        problem = "a tag can change; expected the image by digest"
    elif ".dkr.ecr." not in text and "/" in text:
        problem = "Lambda accepts images only from private ECR repositories"
    else:
        problem = "expected sha256: and 64 hexadecimal digits, or REGISTRY/REPOSITORY@sha256:..."
    raise DeploymentError(
        f"--image {text}: {problem}",
        remedy="`docker push` prints the digest, and so does: aws ecr describe-images --repository-name NAME",
    )

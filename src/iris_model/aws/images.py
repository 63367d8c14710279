"""How an image is named on AWS: always by its digest, in a repository of the function's own region.

Its tags are for the repository alone. They cannot move, so they follow from the content.
"""

from __future__ import annotations

import re

from iris_model.aws.template import image_uri
from iris_model.aws.yaml_text import Tag
from iris_model.errors import DeploymentError

SUPERSEDED = "superseded-"
"""The tag prefix that lets an image expire."""

_DIGEST = r"sha256:[0-9a-f]{64}"
_URI = rf"\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9._/-]+@{_DIGEST}"


def tag_for(digest: str) -> str:
    """Name the tag that an image is pushed with."""
    return f"sha256-{digest.removeprefix('sha256:')[:16]}"


def mark_of(digest: str) -> str:
    """Name the tag that lets an image expire."""
    return f"{SUPERSEDED}{digest.removeprefix('sha256:')[:12]}"


def read_image(text: str, repository: str) -> str | Tag:
    """Read what a user names: a digest in the repository of the project, or a whole URI."""
    if re.fullmatch(_DIGEST, text):
        return image_uri(repository, text)
    if re.fullmatch(_URI, text):
        return text
    if ".dkr.ecr." in text and "@" not in text:
        problem = "a tag can move, and Lambda would not notice; expected the image by its digest"
    elif ".dkr.ecr." not in text and "/" in text:
        problem = "Lambda takes images from the private registry of ECR alone"
    else:
        problem = "expected sha256: and 64 hexadecimal digits, or REGISTRY/REPOSITORY@sha256:..."
    raise DeploymentError(
        f"--image {text}: {problem}",
        remedy="The digest is in the output of `docker push`, and of: aws ecr describe-images --repository-name NAME",
    )

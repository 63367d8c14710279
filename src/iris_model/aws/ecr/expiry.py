"""Mark images that may expire, for the lifecycle policy, or remove the mark.

ECR does not know which images Lambda needs, so the mark is set here: see `pruning`.
"""

from __future__ import annotations

from iris_model.aws.client.calls import Aws
from iris_model.aws.ecr.images import mark_of, tag_for

_GONE = ("ImageNotFoundException", "RepositoryNotFoundException")


def find_tags(aws: Aws, repository: str, digest: str) -> tuple[str, ...] | None:
    """Return the tags of an image, or None if the repository does not have it."""
    answer = aws.call(
        "ecr", "DescribeImages", _name(repository, digest), absent=_GONE, repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
    )  # fmt: skip
    details = answer.get("imageDetails")
    return tuple(details[0].get("imageTags", ())) if details else None


def mark_image(aws: Aws, repository: str, digest: str) -> None:
    """Mark an image so that it expires. Does nothing if it is already deleted."""
    tags = find_tags(aws, repository, digest)
    if tags is not None and mark_of(digest) not in tags:
        _tag_image(aws, repository, digest, mark_of(digest))


def keep_image(aws: Aws, repository: str, digest: str) -> bool:
    """Remove the mark from an image. Return whether the image exists afterwards."""
    tags = find_tags(aws, repository, digest)
    if tags is None or mark_of(digest) not in tags:
        return tags is not None
    if len(tags) == 1:
        # ECR deletes an image with its last tag.
        _tag_image(aws, repository, digest, tag_for(digest))
    aws.call(
        "ecr", "BatchDeleteImage", _name(repository, digest), repositoryName=repository,
        imageIds=[{"imageTag": mark_of(digest)}],
    )  # fmt: skip
    return find_tags(aws, repository, digest) is not None


def _tag_image(aws: Aws, repository: str, digest: str, tag: str) -> None:
    what = _name(repository, digest)
    found = aws.call(
        "ecr", "BatchGetImage", what, repositoryName=repository, imageIds=[{"imageDigest": digest}]
    ).get("images")  # fmt: skip
    if not found:
        return
    media_type = found[0].get("imageManifestMediaType")
    aws.call(
        "ecr", "PutImage", what,
        # If the response was lost, the image has the tag.
        absent=("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"),
        repositoryName=repository, imageManifest=found[0]["imageManifest"], imageTag=tag, imageDigest=digest,
        **({"imageManifestMediaType": media_type} if media_type else {}),
    )  # fmt: skip


def _name(repository: str, digest: str) -> str:
    return f"image {digest[:19]} in {repository}"

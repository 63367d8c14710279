"""The bucket for zip archives: find it, create it, fill it and delete it.

Like the repository of images, it exists before the stack, which names an archive in it. Lambda copies an archive when it
creates or updates a function, so no version depends on the bucket. Archives stay while a version has them, because
CloudFormation reads the earlier one when it rolls an update back.

New buckets are private and encrypted, without ACLs (https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-overview.html).
Every call names the account, so that a bucket of the same name in another account is never used.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.code import name_object
from iris_model.aws.deployment import OWNER_TAG, name_bucket
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

# S3 in us-east-1 accepts no location constraint.
_WITHOUT_CONSTRAINT = "us-east-1"


@dataclass(frozen=True)
class Bucket:
    """The bucket for archives."""

    name: str
    is_ours: bool
    """Whether it has our tag, or no tag at all: then its creation was interrupted."""

    is_tagged: bool
    has_archive: bool


def find_bucket(aws: Aws, deployment: Deployment, account: str, digest: str = "") -> Bucket | None:
    """Return the bucket, and whether it has the archive with a digest; None if there is no bucket."""
    place = _place(aws, deployment, account)
    what = f"bucket {place['Bucket']}"
    key = name_object(digest)
    asked: dict[str, Any] = {**place, "Prefix": key, "MaxKeys": 1}
    found = aws.call("s3", "ListObjectsV2", what, absent=("NoSuchBucket",), **asked)
    if not found:
        return None
    tags = aws.call("s3", "GetBucketTagging", what, absent=("NoSuchTagSet", "NoSuchBucket"), **place).get("TagSet", [])
    is_tagged = any(tag["Key"] == OWNER_TAG for tag in tags)
    has_archive = bool(digest) and any(each["Key"] == key for each in found.get("Contents", ()))
    return Bucket(place["Bucket"], is_tagged or not tags, is_tagged, has_archive)


def create_bucket(aws: Aws, deployment: Deployment, account: str) -> None:
    """Create the bucket if it does not exist, and tag it."""
    name = name_bucket(deployment.repository, account, aws.region)
    what = f"bucket {name}"
    where: dict[str, Any] = {}
    if aws.region != _WITHOUT_CONSTRAINT:
        where = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    aws.call("s3", "CreateBucket", what, absent=("BucketAlreadyOwnedByYou",), Bucket=name, **where)
    tags = {**deployment.tags, OWNER_TAG: deployment.repository}
    aws.call(
        "s3", "PutBucketTagging", what, Bucket=name, ExpectedBucketOwner=account,
        Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]},
    )  # fmt: skip


def upload_archive(aws: Aws, deployment: Deployment, account: str, digest: str, data: bytes) -> None:
    """Upload an archive. S3 checks the digest."""
    aws.call(
        "s3", "PutObject", f"archive {digest[:19]}", Key=name_object(digest), Body=data,
        ChecksumSHA256=base64.b64encode(bytes.fromhex(digest.removeprefix("sha256:"))).decode(),
        **_place(aws, deployment, account),
    )  # fmt: skip


def delete_archives(aws: Aws, deployment: Deployment, account: str, digests: Iterable[str]) -> None:
    """Delete archives. Those that do not exist are ignored."""
    for digest in digests:
        aws.call(
            "s3", "DeleteObject", f"archive {digest[:19]}", absent=("NoSuchBucket",), Key=name_object(digest),
            **_place(aws, deployment, account),
        )  # fmt: skip


def list_archives(aws: Aws, deployment: Deployment, account: str) -> list[str]:
    """Return the digests of all archives. Raises DeploymentError for objects of others, which are never deleted."""
    place = _place(aws, deployment, account)
    found = aws.pages("s3", "ListObjectsV2", f"bucket {place['Bucket']}", "Contents", absent=("NoSuchBucket",), **place)
    digests = []
    for each in found:
        digest = f"sha256:{each['Key'].removesuffix('.zip')}"
        if name_object(digest) != each["Key"] or len(digest) != len("sha256:") + 64:
            raise DeploymentError(
                f"the bucket {place['Bucket']} contains {each['Key']}, which is not an archive of iris-model",
                remedy="Move that object to another bucket, then run the same command again.",
            )
        digests.append(digest)
    return digests


def delete_bucket(aws: Aws, deployment: Deployment, account: str) -> None:
    """Delete the bucket with all archives."""
    place = _place(aws, deployment, account)
    delete_archives(aws, deployment, account, list_archives(aws, deployment, account))
    aws.call("s3", "DeleteBucket", f"bucket {place['Bucket']}", absent=("NoSuchBucket",), **place)


def _place(aws: Aws, deployment: Deployment, account: str) -> dict[str, Any]:
    return {"Bucket": name_bucket(deployment.repository, account, aws.region), "ExpectedBucketOwner": account}

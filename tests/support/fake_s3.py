"""The S3 of `fake_aws`: buckets with tags and objects, of one account or of somebody else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from iris_model.aws.client.failed_call import Failure
from tests.support.fake_ecr import ACCOUNT, FakeEcr


@dataclass
class FakeBucket:
    objects: dict[str, bytes] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    owner: str = ACCOUNT


class FakeS3(FakeEcr):
    """Its operations, one method each."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets: dict[str, FakeBucket] = {}

    def _s3_ListObjectsV2(
        self, Bucket: str, ExpectedBucketOwner: str, Prefix: str = "", MaxKeys: int = 2, ContinuationToken: str = ""
    ) -> dict[str, Any]:
        keys = [key for key in sorted(self._bucket(Bucket, ExpectedBucketOwner).objects) if key.startswith(Prefix)]
        keys = [key for key in keys if key > ContinuationToken]
        page = keys[:MaxKeys]
        more = {"IsTruncated": True, "NextContinuationToken": page[-1]} if len(keys) > MaxKeys else {}
        contents = {"Contents": [{"Key": key} for key in page]} if page else {}
        return {"Name": Bucket, "KeyCount": len(page), **contents, **more}

    def _s3_GetBucketTagging(self, Bucket: str, ExpectedBucketOwner: str) -> dict[str, Any]:
        tags = self._bucket(Bucket, ExpectedBucketOwner).tags
        if not tags:
            raise Failure("s3", "GetBucketTagging", "NoSuchTagSet", "The TagSet does not exist", 404)
        return {"TagSet": list(tags)}

    def _s3_CreateBucket(self, Bucket: str, CreateBucketConfiguration: dict[str, str] | None = None) -> dict[str, Any]:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        assert (CreateBucketConfiguration or {}).get("LocationConstraint", "us-east-1") == self.region
        assert 3 <= len(Bucket) <= 63 and Bucket == Bucket.lower()
        if Bucket in self.buckets:
            code = "BucketAlreadyOwnedByYou" if self.buckets[Bucket].owner == ACCOUNT else "BucketAlreadyExists"
            raise Failure("s3", "CreateBucket", code, "it exists", 409)
        self.buckets[Bucket] = FakeBucket()
        return {"Location": f"http://{Bucket}.s3.amazonaws.com/"}

    def _s3_PutBucketTagging(self, Bucket: str, ExpectedBucketOwner: str, Tagging: dict[str, Any]) -> None:
        self._bucket(Bucket, ExpectedBucketOwner).tags = list(Tagging["TagSet"])

    def _s3_PutObject(
        self, Bucket: str, ExpectedBucketOwner: str, Key: str, Body: bytes, ChecksumSHA256: str
    ) -> dict[str, Any]:
        if base64.b64encode(hashlib.sha256(Body).digest()).decode() != ChecksumSHA256:
            raise Failure("s3", "PutObject", "BadDigest", "The SHA256 you specified did not match", 400)
        self._bucket(Bucket, ExpectedBucketOwner).objects[Key] = Body
        return {"ChecksumSHA256": ChecksumSHA256}

    def _s3_DeleteObject(self, Bucket: str, ExpectedBucketOwner: str, Key: str) -> None:
        self._bucket(Bucket, ExpectedBucketOwner).objects.pop(Key, None)

    def _s3_DeleteBucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:
        if self._bucket(Bucket, ExpectedBucketOwner).objects:
            raise Failure("s3", "DeleteBucket", "BucketNotEmpty", "The bucket you tried to delete is not empty", 409)
        del self.buckets[Bucket]

    def _bucket(self, name: str, owner: str) -> FakeBucket:
        if name not in self.buckets:
            raise Failure("s3", "?", "NoSuchBucket", "The specified bucket does not exist", 404)
        if self.buckets[name].owner != owner:
            # The first call to any bucket is this one.
            raise Failure("s3", "ListObjectsV2", "AccessDenied", "Access Denied", 403)
        return self.buckets[name]

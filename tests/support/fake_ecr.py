"""The ECR of `fake_aws`: repositories, tags, policies, and which images are there."""

from __future__ import annotations

import base64
import json
from fnmatch import fnmatch
from typing import Any

from iris_model.aws.client.failed_call import Failure

ACCOUNT = "123456789012"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class FakeEcr:
    """Its operations, one method each."""

    region = "eu-west-1"
    profile = "default"
    origin = "of profile default"

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, list[str]]] = {}
        """repository -> digest -> tags"""

    def _ecr_DescribeRepositories(self, repositoryNames: list[str]) -> dict[str, Any]:
        found = self._repository(repositoryNames[0])
        return {"repositories": [found["description"]]}

    def _ecr_CreateRepository(self, repositoryName: str, tags: Any = (), **settings: Any) -> dict[str, Any]:
        if repositoryName in self.repositories:
            raise Failure("ecr", "CreateRepository", "RepositoryAlreadyExistsException", "it exists", 400)
        description = {
            "repositoryName": repositoryName,
            "repositoryArn": f"arn:aws:ecr:{self.region}:{ACCOUNT}:repository/{repositoryName}",
            "repositoryUri": f"{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/{repositoryName}",
            **settings,
        }
        self.repositories[repositoryName] = {"description": description, "tags": list(tags), "policy": None}
        self.images.setdefault(repositoryName, {})
        return {"repository": description}

    def _ecr_DeleteRepository(self, repositoryName: str, force: bool) -> dict[str, Any]:
        self._repository(repositoryName)
        del self.repositories[repositoryName]
        self.images.pop(repositoryName)
        return {}

    def _ecr_ListTagsForResource(self, resourceArn: str) -> dict[str, Any]:
        return {"tags": self._repository(resourceArn.rpartition("/")[2])["tags"]}

    def _ecr_GetLifecyclePolicy(self, repositoryName: str) -> dict[str, Any]:
        policy = self._repository(repositoryName)["policy"]
        if policy is None:
            raise Failure("ecr", "GetLifecyclePolicy", "LifecyclePolicyNotFoundException", "none", 400)
        return {"lifecyclePolicyText": policy}

    def _ecr_ListImages(self, repositoryName: str) -> dict[str, Any]:
        return {"imageIds": [{"imageDigest": digest} for digest in self.images[repositoryName]]}

    def _ecr_PutLifecyclePolicy(self, repositoryName: str, lifecyclePolicyText: str) -> None:
        self._repository(repositoryName)["policy"] = lifecyclePolicyText

    def _ecr_PutImageScanningConfiguration(self, repositoryName: str, imageScanningConfiguration: Any) -> None:
        self._repository(repositoryName)["description"]["imageScanningConfiguration"] = imageScanningConfiguration

    def _ecr_PutImageTagMutability(self, repositoryName: str, imageTagMutability: str) -> None:
        self._repository(repositoryName)["description"]["imageTagMutability"] = imageTagMutability

    def _ecr_BatchGetImage(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        self._repository(repositoryName)
        there = self.images[repositoryName]
        found = [
            {"imageId": each, "imageManifest": json.dumps(each), "imageManifestMediaType": MANIFEST}
            for each in imageIds
            if each["imageDigest"] in there
        ]
        return {"images": found, "failures": []}

    def _ecr_DescribeImages(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        self._repository(repositoryName)
        there = self.images[repositoryName]
        if missing := [each for each in imageIds if each["imageDigest"] not in there]:
            raise Failure("ecr", "DescribeImages", "ImageNotFoundException", f"{missing} does not exist", 400)
        digests = [each["imageDigest"] for each in imageIds]
        return {"imageDetails": [{"imageDigest": each, "imageTags": list(there[each])} for each in digests]}

    def _ecr_PutImage(
        self, repositoryName: str, imageManifest: str, imageManifestMediaType: str, imageTag: str, imageDigest: str
    ) -> dict[str, Any]:
        """Only an existing image gets another tag."""
        assert (json.loads(imageManifest), imageManifestMediaType) == ({"imageDigest": imageDigest}, MANIFEST)
        there = self.images[repositoryName]
        if imageTag in there[imageDigest]:
            raise Failure("ecr", "PutImage", "ImageAlreadyExistsException", "it has that tag", 400)
        if any(imageTag in tags for tags in there.values()):
            raise Failure("ecr", "PutImage", "ImageTagAlreadyExistsException", "the tag is immutable", 400)
        there[imageDigest].append(imageTag)
        return {"image": {"repositoryName": repositoryName}}

    def _ecr_BatchDeleteImage(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        """A tag goes; the image goes with its last one."""
        there = self.images[repositoryName]
        for each in imageIds:
            for digest in [digest for digest, tags in there.items() if each["imageTag"] in tags]:
                there[digest].remove(each["imageTag"])
                if not there[digest]:
                    del there[digest]
        return {"imageIds": imageIds, "failures": []}

    def expire(self, repository: str) -> None:
        """What the lifecycle policy does some day."""
        (rule,) = json.loads(self.repositories[repository]["policy"])["rules"]
        patterns = rule["selection"]["tagPatternList"]
        there = self.images[repository]
        for digest in [each for each, tags in there.items() if any(fnmatch(tag, *patterns) for tag in tags)]:
            del there[digest]

    def _ecr_GetAuthorizationToken(self) -> dict[str, Any]:
        token = base64.b64encode(b"AWS:secret").decode()
        host = f"https://{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com"
        return {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": host}]}

    def _repository(self, name: str) -> dict[str, Any]:
        if name not in self.repositories:
            raise Failure("ecr", "?", "RepositoryNotFoundException", f"The repository {name} does not exist", 400)
        return self.repositories[name]

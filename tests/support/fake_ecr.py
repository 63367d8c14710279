"""The ECR of `fake_aws`: repositories, tags, policies, and which images are there."""

from __future__ import annotations

import base64
from typing import Any

from iris_model.aws.calls import Failure

ACCOUNT = "123456789012"


class FakeEcr:
    """Its operations, one method each."""

    region = "eu-west-1"

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, Any]] = {}
        self.images: dict[str, set[str]] = {}

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
        self.images.setdefault(repositoryName, set())
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
        return {"images": [{"imageId": each} for each in imageIds if each["imageDigest"] in there], "failures": []}

    def _ecr_GetAuthorizationToken(self) -> dict[str, Any]:
        token = base64.b64encode(b"AWS:secret").decode()
        host = f"https://{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com"
        return {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": host}]}

    def _repository(self, name: str) -> dict[str, Any]:
        if name not in self.repositories:
            raise Failure("ecr", "?", "RepositoryNotFoundException", f"The repository {name} does not exist", 400)
        return self.repositories[name]

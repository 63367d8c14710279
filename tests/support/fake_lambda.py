"""The Lambda of `fake_aws`: functions, their versions and aliases, and whether their images are still there.

What a function answers follows from its image: `models` says for each digest whether it is right.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iris_model.aws.calls import Failure
from iris_model.aws.yaml_text import Tag
from tests.support.fake_ecr import ACCOUNT, FakeEcr


@dataclass
class FakeFunction:
    config: dict[str, Any]
    package_type: str = "Image"
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    alias: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Those beside `live`."""
    count: int = 0
    """Of all versions that were ever published: a number is never used again."""
    without_image: set[str] = field(default_factory=set)
    """Digests of deleted images that Lambda has noticed to be gone."""
    updates: int = 0
    """How many more questions are answered with: the update is in progress."""


class FakeLambda(FakeEcr):
    """Its operations, one method each; images come from the ECR beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: dict[str, FakeFunction] = {}
        self.models: dict[str, str] = {}
        self.refuse_image = ""
        """The reason why updates of a function's image fail."""
        self.alias_history: list[str] = []

    def _lambda_ListVersionsByFunction(self, FunctionName: str, Marker: str = "") -> dict[str, Any]:
        numbers = ["$LATEST", *self._function(FunctionName).versions]
        if not Marker and len(numbers) > 2:
            return {"Versions": [{"Version": number} for number in numbers[:2]], "NextMarker": "more"}
        return {"Versions": [{"Version": number} for number in (numbers[2:] if Marker else numbers)]}

    def _lambda_GetFunction(self, FunctionName: str, Qualifier: str | None = None) -> dict[str, Any]:
        function = self._function(FunctionName)
        frozen = {"live": function.alias}.get(Qualifier or "", Qualifier)
        if frozen and frozen not in function.versions:
            raise Failure("lambda", "GetFunction", "ResourceNotFoundException", f"no version {frozen}", 404)
        config = function.versions[frozen] if frozen else function.config
        state = {"State": "Active", "LastUpdateStatus": "Successful"}
        if digest_of_image(config) in function.without_image:
            state |= {"State": "Failed", "StateReasonCode": "ImageDeleted", "StateReason": "The image was deleted."}
        if function.updates and frozen is None:
            function.updates -= 1
            state["LastUpdateStatus"] = "InProgress"
        elif self.refuse_image and frozen is None:
            state |= {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": self.refuse_image}
        arn = f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{FunctionName}"
        return {
            "Configuration": {
                "FunctionArn": arn,
                "PackageType": function.package_type,
                "MemorySize": config.get("MemorySize", 128),
                "Architectures": config.get("Architectures", ["x86_64"]),
                **state,
            },
            "Code": {"ImageUri": image_of(config)},
            "Tags": dict(function.tags),
        }

    def _lambda_GetAlias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        if not function.alias:
            raise Failure("lambda", "GetAlias", "ResourceNotFoundException", "no alias", 404)
        routing = {"RoutingConfig": {"AdditionalVersionWeights": function.weights}} if function.weights else {}
        return {"FunctionVersion": function.alias, **routing}

    def _lambda_ListAliases(self, FunctionName: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        both = {"live": function.alias, **function.aliases}
        return {"Aliases": [{"Name": name, "FunctionVersion": version} for name, version in both.items()]}

    def _lambda_DeleteFunction(self, FunctionName: str, Qualifier: str) -> None:
        function = self._function(FunctionName)
        if Qualifier not in function.versions:
            raise Failure("lambda", "DeleteFunction", "ResourceNotFoundException", f"no version {Qualifier}", 404)
        if Qualifier in (function.alias, *function.weights, *function.aliases.values()):
            message = f"Version {Qualifier} is referenced by an alias."
            raise Failure("lambda", "DeleteFunction", "ResourceConflictException", message, 409)
        del function.versions[Qualifier]

    def _lambda_UpdateFunctionCode(self, FunctionName: str, ImageUri: str, Architectures: list[str]) -> None:
        function = self._function(FunctionName)
        name, _, digest = ImageUri.rpartition("@")
        if digest not in self.images.get(name.rpartition("/")[2], {}):
            message = f"Source image {ImageUri} does not exist."
            raise Failure("lambda", "UpdateFunctionCode", "InvalidParameterValueException", message, 400)
        function.config = {**function.config, "Code": {"ImageUri": ImageUri}, "Architectures": Architectures}
        if not self.refuse_image:
            function.without_image.discard(digest)
        function.updates = 2

    def _lambda_UpdateAlias(self, FunctionName: str, Name: str, FunctionVersion: str, RoutingConfig: Any) -> None:
        self._point(self._function(FunctionName), FunctionVersion, RoutingConfig["AdditionalVersionWeights"])

    def _lambda_TagResource(self, Resource: str, Tags: dict[str, str]) -> None:
        self._function(Resource.rpartition(":")[2]).tags.update(Tags)

    def _lambda_Invoke(self, FunctionName: str, Qualifier: str, Payload: bytes, LogType: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        version = function.alias if Qualifier == "live" else Qualifier
        if digest_of_image(function.versions[version]) in function.without_image:
            message = "The image was deleted."
            raise Failure("lambda", "Invoke", "CodeArtifactUserFailedException", message, 409)
        report = "REPORT RequestId: 1\tDuration: 2.00 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\t"
        return {
            "StatusCode": 200,
            "Payload": self.answer(function, version, Payload).encode(),
            "LogResult": base64.b64encode(f"START\n{report}Init Duration: 40.00 ms\t\n".encode()).decode(),
            "ExecutedVersion": version,
        }

    def answer(self, function: FakeFunction, version: str, payload: bytes) -> str:
        """What the model of a version says: the first number, or one more where it is wrong."""
        wrong = self.models.get(digest_of_image(function.versions[version]), "right") == "wrong"
        return json.dumps({"prediction": json.loads(payload)[0] + wrong})

    def _function(self, name: str) -> FakeFunction:
        if name not in self.functions:
            raise Failure("lambda", "?", "ResourceNotFoundException", f"Function not found: {name}", 404)
        return self.functions[name]

    def _point(self, function: FakeFunction, alias: str, weights: dict[str, float]) -> None:
        function.alias, function.weights = alias, dict(weights)
        self.alias_history.append(alias)


def image_of(config: Mapping[str, Any]) -> str:
    image = config.get("Code", {}).get("ImageUri", "")
    return str(image.value if isinstance(image, Tag) else image)


def digest_of_image(config: Mapping[str, Any]) -> str:
    return image_of(config).rpartition("@")[2]

"""The Lambda of `fake_aws`: functions, their versions and aliases, and whether their images are still there.

What a function answers follows from its image: `models` says for each digest whether it is right.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.cloudformation.yaml_text import Tag
from tests.support.aws_rules import Refused
from tests.support.aws_rules.aliases import check_alias_update, check_weighted_versions
from tests.support.fake_ecr import ACCOUNT
from tests.support.fake_s3 import FakeS3


@dataclass
class FakeFunction:
    config: dict[str, Any]
    package_type: str = "Image"
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    alias: str = ""
    weights: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Aliases other than `live`."""
    count: int = 0
    """Of all versions that were ever published: a number is never used again."""
    without_image: set[str] = field(default_factory=set)
    """Digests of deleted images that Lambda has noticed to be gone."""
    updates: int = 0
    """How many more questions are answered with: the update is in progress."""
    revision: int = 0
    is_warm: bool = False
    """Whether $LATEST was called since its settings changed last."""
    reserved: int | None = None


class FakeLambda(FakeS3):
    """Its operations, one method each; images come from the fake ECR."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: dict[str, FakeFunction] = {}
        self.models: dict[str, str] = {}
        self.refuse_image = ""
        """The reason why updates of a function's image fail."""
        self.alias_history: list[str] = []
        self.least_memory = 0
        """With less, $LATEST runs out of memory."""
        self.latest_invocations = 0
        self.lost_lines: Callable[[int], bool] = lambda number: False
        """Which of the invocations of $LATEST come back without their REPORT line."""

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
                "PackageType": config.get("PackageType", function.package_type),
                **_zip_of(config),
                "MemorySize": config.get("MemorySize", 128),
                "Architectures": config.get("Architectures", ["x86_64"]),
                "RevisionId": str(function.revision),
                **{name: config[name] for name in ("Role", "DeadLetterConfig") if name in config},
                **state,
            },
            "Code": {"RepositoryType": "S3"} if _zip_of(config) else {"ImageUri": image_of(config)},
            "Tags": dict(function.tags),
            **(
                {}
                if function.reserved is None
                else {"Concurrency": {"ReservedConcurrentExecutions": function.reserved}}
            ),
        }

    def _lambda_GetAlias(self, FunctionName: str, Name: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        if not function.alias:
            raise Failure("lambda", "GetAlias", "ResourceNotFoundException", "no alias", 404)
        routing = {"RoutingConfig": {"AdditionalVersionWeights": function.weights}} if function.weights else {}
        return {"FunctionVersion": function.alias, **routing}

    def _lambda_ListAliases(self, FunctionName: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        both = {**({"live": function.alias} if function.alias else {}), **function.aliases}
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

    def _lambda_UpdateFunctionConfiguration(
        self, FunctionName: str, MemorySize: int, RevisionId: str | None = None
    ) -> dict[str, Any]:
        function = self._function(FunctionName)
        if function.updates:
            message = f"An update is in progress for resource: {FunctionName}"
            raise Failure("lambda", "UpdateFunctionConfiguration", "ResourceConflictException", message, 409)
        if RevisionId not in (None, str(function.revision)):
            message = "The RevisionId provided does not match the latest RevisionId for the Lambda Function or Alias."
            raise Failure("lambda", "UpdateFunctionConfiguration", "PreconditionFailedException", message, 412)
        function.config = {**function.config, "MemorySize": MemorySize}  # those of versions stay
        function.updates, function.is_warm = 2, False
        function.revision += 1
        return {"MemorySize": MemorySize, "LastUpdateStatus": "InProgress"}

    def _lambda_UntagResource(self, Resource: str, TagKeys: list[str]) -> None:
        for key in TagKeys:
            self._function(Resource.rpartition(":")[2]).tags.pop(key, None)

    def _lambda_UpdateAlias(
        self, FunctionName: str, Name: str, FunctionVersion: str, RoutingConfig: Any = None
    ) -> dict[str, Any]:
        try:
            self._update_alias(self._function(FunctionName), FunctionVersion, RoutingConfig)
        except Refused as refused:
            raise Failure("lambda", "UpdateAlias", refused.code, refused.message, refused.status) from None
        return {"Name": Name, "FunctionVersion": FunctionVersion}

    def _update_alias(self, function: FakeFunction, version: str, routing: Any) -> None:
        """As Lambda does it for each caller: the deployer, or CloudFormation, which names no routing."""
        weights = check_alias_update(version, function.weights, routing)
        if weights:
            check_weighted_versions({each: function.versions[each] for each in (version, *weights)})
        self._point(function, version, weights)

    def _lambda_TagResource(self, Resource: str, Tags: dict[str, str]) -> None:
        self._function(Resource.rpartition(":")[2]).tags.update(Tags)

    def _lambda_Invoke(self, FunctionName: str, Qualifier: str, Payload: bytes, LogType: str) -> dict[str, Any]:
        function = self._function(FunctionName)
        version = function.alias if Qualifier == "live" else Qualifier
        if version == "$LATEST":
            return self._invoke_latest(function, Payload)
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

    def _invoke_latest(self, function: FakeFunction, payload: bytes) -> dict[str, Any]:
        """As fast as its share of a processor; below `least_memory` it dies."""
        memory = int(function.config.get("MemorySize", 128))
        duration = 17.69 * 128 / min(memory, 1769)
        init = 0.0 if function.is_warm else 40.0
        function.is_warm = True
        died = memory < self.least_memory
        report = (
            f"REPORT RequestId: 1\tDuration: {duration:.2f} ms\tBilled Duration: {math.ceil(duration + init)} ms\t"
            f"Memory Size: {memory} MB\tMax Memory Used: {min(memory, 100)} MB\t"
        )
        report += f"Init Duration: {init:.2f} ms\t\n" if init else "\n"
        self.latest_invocations += 1
        if self.lost_lines(self.latest_invocations):
            report = ""
        killed = "RequestId: 1 Error: Runtime exited with error: signal: killed"
        answer = json.dumps({"errorType": "Runtime.OutOfMemory", "errorMessage": killed})
        return {
            "StatusCode": 200,
            "Payload": answer.encode() if died else json.dumps({"prediction": json.loads(payload)[0]}).encode(),
            "LogResult": base64.b64encode(f"START\n{report}".encode()).decode(),
            "ExecutedVersion": "$LATEST",
            **({"FunctionError": "Unhandled"} if died else {}),
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


def _zip_of(config: Mapping[str, Any]) -> dict[str, str]:
    key = config.get("Code", {}).get("S3Key", "")
    digest = bytes.fromhex(key.removesuffix(".zip"))
    return {"CodeSha256": base64.b64encode(digest).decode(), "Runtime": config["Runtime"]} if key else {}


def digest_of_image(config: Mapping[str, Any]) -> str:
    """The digest of the image, or of the archive."""
    if key := config.get("Code", {}).get("S3Key", ""):
        return f"sha256:{key.removesuffix('.zip')}"
    return image_of(config).rpartition("@")[2]

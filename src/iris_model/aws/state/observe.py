"""Observe the present state of a deployment, with read-only calls."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.logical_ids import (
    DOMAIN_OUTPUT,
    ENDPOINT_OUTPUT,
    FUNCTION,
    LIVE_VERSION,
    ROLE,
)
from iris_model.aws.deployment import ALIAS, OWNER_TAG
from iris_model.aws.ecr.expiry import find_tags
from iris_model.aws.ecr.images import mark_of
from iris_model.aws.s3.bucket import Bucket, find_bucket
from iris_model.contract.deployment import Deployment

ACCEPTED_TAG = "iris-model:accepted"
"""Tag of the function: the last version whose answers were correct, or that was accepted without verification."""

PREVIOUS_TAG = "iris-model:previous"
"""Tag of the function: the live version before the accepted one."""

TUNING_TAG = "iris-model:tuning"
"""Tag of the function while `tune --remote` runs: "128 256-3008", the size to restore and the range of tried sizes."""

IMAGE_DELETED = "ImageDeleted"

NO_STACK = ("ValidationError:does not exist",)


@dataclass(frozen=True)
class Repository:
    """The repository in ECR."""

    name: str
    uri: str
    arn: str
    is_ours: bool
    scans: bool
    is_immutable: bool
    lifecycle: str | None


@dataclass(frozen=True)
class Stack:
    """The CloudFormation stack; `template` is "" if it has none."""

    status: str
    reason: str = ""
    template: str = ""
    live_version: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    function_is_its_own: bool = False
    is_ours: bool = False
    """Whether `deploy` created it, not another tool with the same template."""

    @property
    def has_our_template(self) -> bool:
        """Whether it was created from a template of iris-model, with any tool."""
        return find_version_id(self.template) != ""

    @property
    def makes_role(self) -> bool:
        """Whether its template creates the function's role."""
        return re.search(rf"^  {ROLE}:$", self.template, flags=re.MULTILINE) is not None

    @property
    def is_settled(self) -> bool:
        """Whether no change is in progress."""
        return not self.status.endswith("_IN_PROGRESS") or self.status == "REVIEW_IN_PROGRESS"

    @property
    def exists(self) -> bool:
        """Whether it has resources: a stack in review has none."""
        return self.status not in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Function:
    """The function as Lambda returns it."""

    arn: str
    package_type: str
    image: str
    state: str
    state_reason: str
    last_update: str
    last_update_reason: str
    last_modified: str = ""
    state_code: str = ""
    accepted: str = ""
    previous: str = ""
    memory: int = 128
    architecture: str = "x86_64"
    revision: str = ""
    tuning: str = ""
    reserved_concurrency: int | None = None
    role: str = ""
    dead_letter: str = ""
    archive: str = ""
    """The digest of its zip archive, or ""."""
    runtime: str = ""
    """Lambda's runtime of a zip archive, or ""."""

    @property
    def digest(self) -> str:
        """The digest of its image or archive."""
        return self.archive or self.image.rpartition("@")[2]

    @property
    def memory_before_tuning(self) -> int | None:
        """The size that an interrupted `tune --remote` did not restore, unless a user changed it since; or None."""
        found = re.fullmatch(r"(\d+) (\d+)-(\d+)", self.tuning)
        if found is None:
            return None
        before, least, most = map(int, found.groups())
        return before if least <= self.memory <= most else None

    @property
    def is_changing(self) -> bool:
        """Whether an update is in progress. The other fields have the values before the update."""
        return self.last_update == "InProgress" or self.state == "Pending"

    @property
    def has_lost_its_image(self) -> bool:
        """Whether Lambda has noticed that the image was deleted."""
        return self.state_code == IMAGE_DELETED or "deleted image" in self.last_update_reason


@dataclass(frozen=True)
class Live:
    """The alias: the live version, and versions with a share."""

    version: str
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Observed:
    """Everything that a plan depends on."""

    account: str
    region: str
    repository: Repository | None
    has_image: bool
    """Whether the repository has the image, or the bucket has the archive."""
    stack: Stack | None
    function: Function | None
    live: Live | None
    image_is_marked: bool = False
    """Whether the image is marked to expire, because no version used it."""

    image_is_lost: bool = False
    """Whether the image of the function was deleted from the repository."""

    versions: tuple[str, ...] = ()
    """The published versions, the oldest first."""

    aliased: frozenset[str] = frozenset()
    """Versions that an alias other than `live` uses."""

    answering: Function | None = None
    """The version that the alias points to, with its frozen configuration."""

    bucket: Bucket | None = None
    """The bucket for archives, if the deployment package is one."""

    log_retention: int | None = None
    """The retention of the existing log group in days, 0 if unlimited; None if there is no log group."""


def observe(aws: Aws, deployment: Deployment, digest: str) -> Observed:
    """Read everything that a plan for `digest` depends on."""
    account = find_account(aws)
    bucket = find_bucket(aws, deployment, account, digest) if deployment.is_zip else None
    repository = None if deployment.is_zip else find_repository(aws, deployment.repository)
    tags = find_tags(aws, deployment.repository, digest) if repository is not None else None
    function = find_function(aws, deployment.function)
    live = find_live(aws, deployment.function)
    answering = find_function(aws, deployment.function, ALIAS) if function is not None and live is not None else None
    return Observed(
        account=account,
        region=aws.region,
        repository=repository,
        has_image=bucket.has_archive if bucket is not None else tags is not None,
        stack=find_stack(aws, deployment),
        function=function,
        live=live,
        image_is_marked=tags is not None and mark_of(digest) in tags,
        bucket=bucket,
        image_is_lost=function is not None
        and not deployment.is_zip
        and _has_lost_its_image(aws, deployment, function, answering),
        versions=tuple(list_versions(aws, deployment.function)) if function is not None else (),
        aliased=_find_aliased(aws, deployment.function) if function is not None else frozenset(),
        answering=answering,
        log_retention=find_retention(aws, deployment),
    )


def find_retention(aws: Aws, deployment: Deployment) -> int | None:
    """Return the retention of the log group in days: 0 if unlimited, None if there is no log group."""
    name = deployment.log_group
    groups = aws.call("logs", "DescribeLogGroups", f"log group {name}", logGroupNamePrefix=name).get("logGroups", [])
    return next((int(each.get("retentionInDays", 0)) for each in groups if each["logGroupName"] == name), None)


def find_account(aws: Aws) -> str:
    """Return the account of the credentials, with a call that needs no permission."""
    return str(aws.call("sts", "GetCallerIdentity", "the credentials")["Account"])


def find_repository(aws: Aws, name: str) -> Repository | None:
    """Return the repository with its lifecycle policy and its owner, or None."""
    what = f"repository {name}"
    answer = aws.call(
        "ecr", "DescribeRepositories", what, absent=("RepositoryNotFoundException",), repositoryNames=[name]
    )
    if not answer:
        return None
    found = answer["repositories"][0]
    tags = aws.call("ecr", "ListTagsForResource", what, resourceArn=found["repositoryArn"]).get("tags", [])
    lifecycle = aws.call(
        "ecr", "GetLifecyclePolicy", what, absent=("LifecyclePolicyNotFoundException",), repositoryName=name
    )
    return Repository(
        name=name,
        uri=found["repositoryUri"],
        arn=found["repositoryArn"],
        is_ours=any(tag["Key"] == OWNER_TAG for tag in tags),
        scans=bool(found.get("imageScanningConfiguration", {}).get("scanOnPush")),
        is_immutable=str(found.get("imageTagMutability", "")).startswith("IMMUTABLE"),
        lifecycle=lifecycle.get("lifecyclePolicyText"),
    )


def digest_in(repository: str, function: Function) -> str:
    """Return the digest of the function's image if it is in the repository, or that of its archive, or ""."""
    if function.archive:
        return function.archive
    place, _, digest = function.image.rpartition("@")
    return digest if place.endswith(f"/{repository}") else ""


def _has_lost_its_image(aws: Aws, deployment: Deployment, function: Function, answering: Function | None) -> bool:
    """Whether the image was deleted. Lambda may have noticed for the version, for the function, or not yet."""
    digest = digest_in(deployment.repository, function)
    if function.has_lost_its_image or (
        answering is not None and answering.has_lost_its_image and answering.image == function.image
    ):
        return True
    return digest != "" and find_tags(aws, deployment.repository, digest) is None


def find_stack(aws: Aws, deployment: Deployment) -> Stack | None:
    """Return the stack with its template, and whether it contains the function; or None."""
    name = deployment.stack
    what = f"stack {name}"
    answer = aws.call("cloudformation", "DescribeStacks", what, absent=NO_STACK, StackName=name)
    if not answer.get("Stacks"):
        return None
    found = answer["Stacks"][0]
    status = str(found["StackStatus"])
    stack = Stack(
        status,
        reason=str(found.get("StackStatusReason", "")),
        live_version=_parameter(found, LIVE_VERSION),
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
        is_ours=any(tag["Key"] == OWNER_TAG for tag in found.get("Tags", [])),
    )
    if not stack.exists:
        return stack
    body = aws.call("cloudformation", "GetTemplate", what, StackName=name, TemplateStage="Original").get("TemplateBody")
    resource = aws.call(
        "cloudformation", "DescribeStackResource", what, absent=("ValidationError:does not exist",), StackName=name,
        LogicalResourceId=FUNCTION,
    )  # fmt: skip
    detail = resource.get("StackResourceDetail", {})
    return replace(
        stack,
        # Our template ends with one newline; CloudFormation does not document whether it is kept.
        template=body.strip() + "\n" if isinstance(body, str) and body else "",
        function_is_its_own=detail.get("PhysicalResourceId") == deployment.function,
    )


def find_address(stack: Stack) -> str:
    """Return the address from the outputs, the custom domain if there is one."""
    return stack.outputs.get(DOMAIN_OUTPUT) or stack.outputs.get(ENDPOINT_OUTPUT, "")


def find_version_id(template: str) -> str:
    """Return the logical ID of the version in a template of iris-model."""
    found = re.search(r"^  (Version[0-9a-f]{10}):$", template, flags=re.MULTILINE)
    return found[1] if found else ""


def find_function(aws: Aws, name: str, qualifier: str | None = None) -> Function | None:
    """Return the function, or one version of it, or None."""
    parameters: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
    answer = aws.call(
        "lambda", "GetFunction", f"function {name}", absent=("ResourceNotFoundException",), FunctionName=name,
        **parameters,
    )  # fmt: skip
    if not answer:
        return None
    found = answer["Configuration"]
    code = answer.get("Code", {})
    return Function(
        arn=found["FunctionArn"],
        package_type=found.get("PackageType", "Zip"),
        image=str(code.get("ResolvedImageUri") or code.get("ImageUri") or ""),
        state=found.get("State", "Active"),
        state_reason=found.get("StateReason", ""),
        last_update=found.get("LastUpdateStatus", "Successful"),
        last_update_reason=found.get("LastUpdateStatusReason", ""),
        last_modified=str(found.get("LastModified", "")),
        state_code=str(found.get("StateReasonCode") or found.get("LastUpdateStatusReasonCode") or ""),
        accepted=answer.get("Tags", {}).get(ACCEPTED_TAG, ""),
        previous=answer.get("Tags", {}).get(PREVIOUS_TAG, ""),
        memory=int(found.get("MemorySize", 128)),
        architecture=str((found.get("Architectures") or ["x86_64"])[0]),
        revision=str(found.get("RevisionId", "")),
        tuning=answer.get("Tags", {}).get(TUNING_TAG, ""),
        reserved_concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        role=str(found.get("Role", "")),
        dead_letter=str((found.get("DeadLetterConfig") or {}).get("TargetArn", "")),
        archive=_digest_of_archive(found),
        runtime=str(found.get("Runtime", "")),
    )


def _digest_of_archive(configuration: Mapping[str, Any]) -> str:
    if configuration.get("PackageType", "Zip") != "Zip":
        return ""
    return f"sha256:{base64.b64decode(configuration.get('CodeSha256', '')).hex()}"


def find_live(aws: Aws, name: str) -> Live | None:
    """Return the alias that callers use, or None."""
    answer = aws.call(
        "lambda",
        "GetAlias",
        f"alias {name}:{ALIAS}",
        absent=("ResourceNotFoundException",),
        FunctionName=name,
        Name=ALIAS,
    )
    if not answer:
        return None
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return Live(str(answer["FunctionVersion"]), dict(weights))


def list_versions(aws: Aws, function: str) -> list[str]:
    """Return the numbers of all published versions, oldest first; empty if there is no function."""
    found = aws.pages(
        "lambda", "ListVersionsByFunction", f"function {function}", "Versions", absent=("ResourceNotFoundException",),
        FunctionName=function,
    )  # fmt: skip
    return sorted((each["Version"] for each in found if each["Version"] != "$LATEST"), key=int)


def _find_aliased(aws: Aws, function: str) -> frozenset[str]:
    found = aws.pages(
        "lambda", "ListAliases", f"function {function}", "Aliases", absent=("ResourceNotFoundException",),
        FunctionName=function,
    )  # fmt: skip
    versions: set[str] = set()
    for alias in found:
        if alias["Name"] != ALIAS:
            weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            versions |= {alias["FunctionVersion"], *weights}
    return frozenset(versions)


def _parameter(stack: Mapping[str, Any], name: str) -> str:
    for each in stack.get("Parameters", []):
        if each["ParameterKey"] == name:
            return str(each.get("ParameterValue", ""))
    return ""

"""What is there now: a deployment in, questions to AWS only, an `Observed` out. Nothing is changed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from iris_model.aws.calls import Aws
from iris_model.aws.deployment import ALIAS, OWNER_TAG, Deployment
from iris_model.aws.expiry import find_tags
from iris_model.aws.images import mark_of
from iris_model.aws.template import FUNCTION, LIVE_VERSION

ACCEPTED_TAG = "iris-model:accepted"
"""Tag of the function: the version that has given the right answers last, or was accepted unverified."""

PREVIOUS_TAG = "iris-model:previous"
"""Tag of the function: the version that answered before that one."""

TUNING_TAG = "iris-model:tuning"
"""Tag of the function while `tune --remote` changes its memory: "128 256-3008", the size to go back to and those tried."""

IMAGE_DELETED = "ImageDeleted"

MENDABLE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
"""Of a stack: states from which nothing goes on by itself, and which `deploy` mends."""

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
    """The CloudFormation stack; `template` is "" while it has none."""

    status: str
    reason: str = ""
    template: str = ""
    live_version: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    function_is_its_own: bool = False
    is_ours: bool = False
    """Whether `deploy` made it, and not somebody with the same template."""

    @property
    def has_our_template(self) -> bool:
        """Whether it was made from a template of ours, with whatever tool."""
        return find_version_id(self.template) != ""

    @property
    def is_settled(self) -> bool:
        """Whether nobody is changing it."""
        return not self.status.endswith("_IN_PROGRESS") or self.status == "REVIEW_IN_PROGRESS"

    @property
    def exists(self) -> bool:
        """Whether it has resources: a stack that was only reviewed has none."""
        return self.status not in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Function:
    """The function as Lambda has it."""

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

    @property
    def memory_before_tuning(self) -> int | None:
        """The size that an interrupted `tune --remote` did not set back; None if none was, or somebody has chosen since."""
        found = re.fullmatch(r"(\d+) (\d+)-(\d+)", self.tuning)
        if found is None:
            return None
        before, least, most = map(int, found.groups())
        return before if least <= self.memory <= most else None

    @property
    def is_changing(self) -> bool:
        """Whether Lambda is at it; until it is through, everything else said of it is that of before."""
        return self.last_update == "InProgress" or self.state == "Pending"

    @property
    def has_lost_its_image(self) -> bool:
        """Whether Lambda has noticed that the image was deleted."""
        return self.state_code == IMAGE_DELETED or "deleted image" in self.last_update_reason


@dataclass(frozen=True)
class Live:
    """The alias: the version that answers, and those that get a share."""

    version: str
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Observed:
    """Everything that a plan depends on."""

    account: str
    region: str
    repository: Repository | None
    has_image: bool
    stack: Stack | None
    function: Function | None
    live: Live | None
    image_is_marked: bool = False
    """Whether the image may expire, because no version used it."""

    image_is_lost: bool = False
    """Whether the image of the function was deleted from the repository."""

    versions: tuple[str, ...] = ()
    """The published versions, the oldest first."""

    aliased: frozenset[str] = frozenset()
    """Versions that an alias other than `live` uses."""


def observe(aws: Aws, deployment: Deployment, digest: str) -> Observed:
    """Ask for everything that a plan for `digest` depends on."""
    repository = find_repository(aws, deployment.repository)
    tags = find_tags(aws, deployment.repository, digest) if repository is not None else None
    function = find_function(aws, deployment.function)
    live = find_live(aws, deployment.function)
    return Observed(
        account=find_account(aws),
        region=aws.region,
        repository=repository,
        has_image=tags is not None,
        stack=find_stack(aws, deployment),
        function=function,
        live=live,
        image_is_marked=tags is not None and mark_of(digest) in tags,
        image_is_lost=function is not None and _has_lost_its_image(aws, deployment, function, live),
        versions=tuple(list_versions(aws, deployment.function)) if function is not None else (),
        aliased=_find_aliased(aws, deployment.function) if function is not None else frozenset(),
    )


def find_account(aws: Aws) -> str:
    """Ask whose account the credentials are of: the cheapest question, and one that needs no permission."""
    return str(aws.call("sts", "GetCallerIdentity", "the credentials")["Account"])


def find_repository(aws: Aws, name: str) -> Repository | None:
    """Look for the repository, with its lifecycle policy and its owner."""
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
    """Return the digest of the function's image if it is one of the repository, or nothing."""
    place, _, digest = function.image.rpartition("@")
    return digest if place.endswith(f"/{repository}") else ""


def _has_lost_its_image(aws: Aws, deployment: Deployment, function: Function, live: Live | None) -> bool:
    """Whether the image was deleted: Lambda may have noticed in what answers, in the function, or not yet."""
    digest = digest_in(deployment.repository, function)
    answering = find_function(aws, deployment.function, ALIAS) if live is not None else None
    if function.has_lost_its_image or (
        answering is not None and answering.has_lost_its_image and answering.image == function.image
    ):
        return True
    return digest != "" and find_tags(aws, deployment.repository, digest) is None


def find_stack(aws: Aws, deployment: Deployment) -> Stack | None:
    """Look for the stack, with its template, and whether the function is one of its resources."""
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
        # Ours ends with one newline; whether that comes back is not written down anywhere.
        template=body.strip() + "\n" if isinstance(body, str) and body else "",
        function_is_its_own=detail.get("PhysicalResourceId") == deployment.function,
    )


def find_version_id(template: str) -> str:
    """Find the logical id of the version in a template of ours."""
    found = re.search(r"^  (Version[0-9a-f]{10}):$", template, flags=re.MULTILINE)
    return found[1] if found else ""


def find_function(aws: Aws, name: str, qualifier: str | None = None) -> Function | None:
    """Look for the function, or for one version of it."""
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
    )


def find_live(aws: Aws, name: str) -> Live | None:
    """Look for the alias that everybody calls."""
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
    """Return the numbers of all published versions, the oldest first; none of a function that is not there."""
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

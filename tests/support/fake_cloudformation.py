"""The CloudFormation of `fake_aws`: stacks, change sets, what executing one does to the function, and what it refuses.

With a policy, IAM is asked for everything that CloudFormation does in the deployer's name.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.cloudformation.yaml_text import Tag, plain, read
from tests.support.aws_rules import Refused
from tests.support.aws_rules.iam import Asked, Place, allows, resources_of_type
from tests.support.aws_rules.names import name_role
from tests.support.aws_rules.stacks import (
    check_change_set,
    check_continue,
    check_delete,
    check_sizes,
    mangle_template,
    take_parameters,
)
from tests.support.aws_rules.templates import check_secrets, check_template
from tests.support.fake_ecr import ACCOUNT
from tests.support.fake_lambda import FakeFunction, FakeLambda, digest_of_image

BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


read_template = cache(read)


@cache
def check_template_once(body: str) -> None:
    """The walks deploy the same templates thousands of times."""
    check_template(body, lambda name: "String", plain(read_template(body))["Resources"])


@dataclass
class FakeStack:
    status: str = "REVIEW_IN_PROGRESS"
    template: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    """logical id -> number, of the versions in the template"""
    change_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    then: str = ""
    """The status after the next status request."""
    alias: str = ""
    """The version that CloudFormation gave the alias last: it calls Lambda for another one alone."""
    failed: str = ""
    """The resource that a roll-back or a deletion could not change."""


class FakeCloudFormation(FakeLambda):
    """Its operations, one method each."""

    def __init__(self) -> None:
        super().__init__()
        self.caller = ""
        """The identity that asks."""
        self.stacks: dict[str, FakeStack] = {}
        self.fail_update: str = ""
        """The reason why the next update of a stack fails."""
        self.stuck: str = ""
        """The reason why roll-backs and deletions of stacks fail."""
        self.settles_at_once = False
        """Whether a change of a stack is over when its call returns."""
        self.secrets: dict[str, str] = {}
        """parameter of SSM -> its type"""
        self.log_is_of_the_stack: int | None = None
        """The retention that the stack set last, if it has the log group."""
        self.log: list[dict[str, Any]] | None = None
        """The events of the one log group; None is that there is none."""
        self.log_group: dict[str, Any] = {}
        """What else is known of the log group."""
        self.policy: dict[str, Any] | None = None
        """What the caller may do; None is everything."""
        self.asked: set[Asked] = set()
        """What IAM was asked for."""

    def authorize(self, questions: Iterator[Asked]) -> None:
        """Refuse what the policy does not allow."""
        if self.policy is None:
            return
        for asked in questions:
            self.asked.add(asked)
            if not allows(self.policy, asked):
                message = (
                    f"User: {self.caller} is not authorized to perform: {asked.action} on resource: {asked.resource}"
                )
                raise Refused("AccessDeniedException", message, 403)

    def _cloudformation_CreateChangeSet(
        self,
        StackName: str,
        ChangeSetName: str,
        ChangeSetType: str,
        TemplateBody: str,
        Parameters: Any,
        Tags: Any,
        **_: Any,
    ) -> dict[str, Any]:
        stack = self.stacks.get(StackName)
        check_sizes(TemplateBody, Parameters)
        check_template_once(TemplateBody)
        check_change_set(StackName, stack.status if stack else "", ChangeSetType)
        if stack is None or stack.status == "DELETE_COMPLETE":
            stack = self.stacks[StackName] = FakeStack()
        if ChangeSetName in stack.change_sets:
            raise Failure("cloudformation", "CreateChangeSet", "AlreadyExistsException", "it exists", 400)
        parameters = take_parameters(Parameters, stack.parameters)
        stack.change_sets[ChangeSetName] = {"template": TemplateBody, "parameters": parameters, "tags": list(Tags)}
        return {"Id": "arn:change-set", "StackId": "arn:stack"}

    def _cloudformation_DescribeChangeSet(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:
        stack, change = self._stack(StackName), self._stack(StackName).change_sets[ChangeSetName]
        if (stack.template, stack.parameters) == (change["template"], change["parameters"]):
            reason = (
                "The submitted information didn't contain changes. Submit different information to create a change set."
            )
            return {"Status": "FAILED", "StatusReason": reason}
        try:
            check_secrets(change["template"], lambda name: self.secrets.get(name, ""))
        except Refused as refused:
            return {"Status": "FAILED", "StatusReason": refused.message}
        return {"Status": "CREATE_COMPLETE"}

    def _cloudformation_DeleteChangeSet(self, StackName: str, ChangeSetName: str) -> None:
        self._stack(StackName).change_sets.pop(ChangeSetName, None)

    def _cloudformation_ExecuteChangeSet(self, StackName: str, ChangeSetName: str, ClientRequestToken: str) -> None:
        stack = self._stack(StackName)
        change = stack.change_sets.pop(ChangeSetName, None)
        if change is None:
            raise Failure("cloudformation", "ExecuteChangeSet", "ChangeSetNotFound", "there is none", 404)
        creates = stack.status == "REVIEW_IN_PROGRESS"
        verb = "CREATE" if creates else "UPDATE"
        name = read_template(change["template"])["Resources"]["Function"]["Properties"]["FunctionName"]
        if not creates and digest_of_image(self.functions[name].config) in self.functions[name].without_image:
            self.fail_update = "The function is trying to use a deleted image."
        reason, self.fail_update, resource = self.fail_update, "", "Function"
        if not reason:
            try:
                self._apply(StackName, stack, change)
            except Refused as refused:
                reason, resource = refused.message, "LiveAlias"
        if reason:
            self._event(stack, resource, f"{verb}_FAILED", reason)
            self._event(stack, "HttpApi", f"{verb}_FAILED", "Resource creation cancelled")
            self._begin(stack, "ROLLBACK" if creates else "UPDATE_ROLLBACK")
            return
        self._event(stack, "Function", f"{verb}_COMPLETE")
        self._begin(stack, verb)

    def _cloudformation_DescribeStacks(self, StackName: str) -> dict[str, Any]:
        stack = self._stack(StackName)
        if stack.status == "DELETE_COMPLETE":
            raise _no_stack(StackName)
        outputs = [{"OutputKey": "Version", "OutputValue": number} for number in list(stack.versions.values())[-1:]] + [
            {"OutputKey": "Endpoint", "OutputValue": "https://abc.execute-api.eu-west-1.amazonaws.com/default/iris"}
        ]
        found = {
            "StackName": StackName,
            "StackStatus": stack.status,
            "CreationTime": BEGIN,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            "Outputs": outputs if stack.template else [],
            "Tags": stack.tags,
        }
        if stack.then:
            stack.status, stack.then = stack.then, ""
        return {"Stacks": [found]}

    def _cloudformation_GetTemplate(self, StackName: str, TemplateStage: str) -> dict[str, Any]:
        return {"TemplateBody": mangle_template(self._stack(StackName).template or "{}")}

    def _cloudformation_DescribeStackResource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:
        stack = self._stack(StackName)
        if LogicalResourceId not in read_template(stack.template or "{}").get("Resources", {}):
            raise _validation(f"Resource {LogicalResourceId} does not exist for stack {StackName}")
        name = read_template(stack.template)["Resources"][LogicalResourceId]["Properties"]["FunctionName"]
        detail = {
            "PhysicalResourceId": name, "LogicalResourceId": LogicalResourceId, "ResourceType": "AWS::Lambda::Function",
            "LastUpdatedTimestamp": BEGIN, "ResourceStatus": "CREATE_COMPLETE",
        }  # fmt: skip
        return {"StackResourceDetail": detail}

    def _cloudformation_DescribeStackEvents(self, StackName: str) -> dict[str, Any]:
        return {"StackEvents": self._stack(StackName).events[::-1]}

    def _cloudformation_ContinueUpdateRollback(self, StackName: str, ResourcesToSkip: Any = ()) -> None:
        stack = self._stack(StackName)
        check_continue(StackName, stack.status, ResourcesToSkip, [stack.failed or "Function"])
        self._event(stack, "iris", "UPDATE_ROLLBACK_IN_PROGRESS")
        if ResourcesToSkip or not self._sticks(stack, "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"):
            self._begin(stack, "UPDATE_ROLLBACK")

    def _cloudformation_DeleteStack(self, StackName: str, RetainResources: Any = ()) -> None:
        stack = self._stack(StackName)
        check_delete(StackName, stack.status, RetainResources)
        self._event(stack, "iris", "DELETE_IN_PROGRESS")
        if not RetainResources and self._sticks(stack, "DELETE_FAILED", "DELETE_FAILED"):
            return
        if stack.template:
            self._authorize_changes(StackName, stack.template, "")
        if stack.template and "Function" not in RetainResources:
            self.functions.pop(
                read_template(stack.template)["Resources"]["Function"]["Properties"]["FunctionName"], None
            )
        self._begin(stack, "DELETE")
        stack.template = ""

    def _begin(self, stack: FakeStack, what: str) -> None:
        stack.status, stack.then = f"{what}_IN_PROGRESS", f"{what}_COMPLETE"
        if self.settles_at_once:
            stack.status, stack.then = stack.then, ""

    def _sticks(self, stack: FakeStack, status: str, of_resource: str) -> bool:
        if self.stuck:
            self._event(stack, "Function", of_resource, self.stuck)
            stack.status, stack.failed = status, "Function"
        return bool(self.stuck)

    def _stack(self, name: str) -> FakeStack:
        if name not in self.stacks:
            raise _no_stack(name)
        return self.stacks[name]

    def _event(self, stack: FakeStack, resource: str, status: str, reason: str = "") -> None:
        stack.events.append(
            {
                "StackId": "arn:stack", "StackName": "iris", "Timestamp": BEGIN,
                "EventId": str(len(stack.events)), "LogicalResourceId": resource, "ResourceStatus": status,
                "ResourceStatusReason": reason, "ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": "iris",
            }
        )  # fmt: skip

    def _apply(self, name: str, stack: FakeStack, change: dict[str, Any]) -> None:
        """What an update of the stack does; `Refused` is a resource that fails, and then nothing has changed."""
        resources = read_template(change["template"])["Resources"]
        self._authorize_changes(name, stack.template, change["template"])
        own = f"arn:aws:iam::{ACCOUNT}:role/{name_role(name, 'Role')}"
        properties = dict(resources["Function"]["Properties"])
        properties["Role"] = properties["Role"] if isinstance(properties["Role"], str) else own
        function = self.functions.get(properties["FunctionName"]) or FakeFunction({})
        self._read_archive(properties, function)
        wanted = [each for each in resources if each.startswith("Version")]
        numbers = {each: stack.versions.get(each, "") for each in wanted}
        published = dict(function.versions)
        count = function.count
        for each in wanted:
            if not numbers[each]:
                count += 1
                numbers[each] = str(count)
                published[numbers[each]] = properties
        alias = change["parameters"]["LiveVersion"] or numbers[wanted[0]]
        before = function.versions
        function.versions = published
        if alias != stack.alias:
            try:
                self._update_alias(function, alias, None)
            except Refused:
                function.versions = before
                raise
        function.count = count
        function.revision += function.config != properties
        function.config = properties
        self.functions[properties["FunctionName"]] = function
        stack.template, stack.parameters, stack.tags = change["template"], change["parameters"], change["tags"]
        stack.versions, stack.alias = numbers, alias
        self._keep_log_group(resources["LogGroup"]["Properties"])

    def _read_archive(self, properties: dict[str, Any], function: FakeFunction) -> None:
        """As Lambda reads it when its place changes: with the caller's rights."""
        code = properties["Code"]
        before = function.config.get("PackageType", properties["PackageType"])
        if before != properties["PackageType"]:
            message = "CloudFormation cannot update a stack when a custom-named resource requires replacing."
            raise Refused("ValidationError", message, 400)
        if "S3Key" not in code or function.config.get("Code") == code:
            return
        name = code["S3Bucket"].value.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", self.region)
        self.authorize(iter([Asked("s3:GetObject", f"arn:aws:s3:::{name}/{code['S3Key']}")]))
        if code["S3Key"] not in (self.buckets[name].objects if name in self.buckets else ()):
            message = "Error occurred while GetObject. S3 Error Code: NoSuchKey."
            raise Refused("InvalidParameterValueException", message, 400)

    def _keep_log_group(self, wanted: dict[str, Any]) -> None:
        """An existing group is adopted unchanged; a group of the stack follows the template."""
        days = wanted["RetentionInDays"]
        if self.log is None:
            self.log, self.log_group = [], {"retentionInDays": days}
            self.log_is_of_the_stack = days
        elif self.log_is_of_the_stack not in (None, days):
            self.log_group = {**self.log_group, "retentionInDays": days}
        self.log_is_of_the_stack = days

    def _cloudformation_ListStackResources(self, StackName: str) -> dict[str, Any]:
        resources = read_template(self._stack(StackName).template or "{}").get("Resources", {})
        summaries = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": name.lower(),
                "ResourceType": each["Type"],
                "LastUpdatedTimestamp": BEGIN,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, each in resources.items()
        ]
        return {"StackResourceSummaries": summaries}

    def _authorize_changes(self, name: str, old: str, new: str) -> None:
        """Ask for every resource that a change creates, changes or deletes."""
        if self.policy is None:
            return
        before, after = (_filled(read_template(text or "{}").get("Resources", {})) for text in (old, new))
        place = Place(ACCOUNT, self.region)
        for logical_id, resource in {**before, **after}.items():
            if logical_id not in before:
                verb = 0
            elif logical_id in after:
                if before[logical_id] == resource and not logical_id.startswith("LiveAlias"):
                    continue
                verb = 1
            elif str(resource.get("DeletionPolicy", "Delete")).startswith("Retain"):
                continue
            else:
                verb = 2
            function = (after or before)["Function"]["Properties"]["FunctionName"]
            self.authorize(resources_of_type(place, name, logical_id, resource, function, verb))


def _filled(resources: dict[str, Any]) -> dict[str, Any]:
    """The resources with the text of `!Sub` where it names an image."""
    return {name: _text(each) for name, each in resources.items()}


def _text(value: Any) -> Any:
    if isinstance(value, Tag):
        return value.value if value.name == "Sub" else {value.name: str(value.value)}
    if isinstance(value, dict):
        return {name: _text(each) for name, each in value.items()}
    return [_text(each) for each in value] if isinstance(value, list) else value


def _validation(message: str) -> Failure:
    return Failure("cloudformation", "?", "ValidationError", message, 400)


def _no_stack(name: str) -> Failure:
    return _validation(f"Stack with id {name} does not exist")

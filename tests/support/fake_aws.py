"""AWS for tests: a small model of ECR, CloudFormation, Lambda and CloudWatch that keeps state and can be made to fail.

Every question and every answer is checked against botocore's service model, so that neither we nor the fake can make
anything up.
Its ECR and its Lambda have files of their own.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator

from iris_model.aws.calls import Failure
from iris_model.aws.yaml_text import read
from tests.support.error_codes import is_known
from tests.support.fake_ecr import ACCOUNT
from tests.support.fake_lambda import FakeFunction, FakeLambda, digest_of_image
from tests.support.fake_prices import fits


@cache
def service_model(service: str) -> Any:
    return Session().get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation)


read_template = cache(read)


def check_answer(model: Any, answer: Mapping[str, Any]) -> None:
    """Every member of an answer, at every depth, is one that the service has, of its type."""
    assert model.output_shape or not answer, f"{model.name} answers nothing"
    if model.output_shape:
        report = ParamValidator().validate(dict(answer), model.output_shape)
        assert not report.has_errors(), f"{model.service_model.service_name}:{model.name}: {report.generate_report()}"


BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


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
    """The status that follows when somebody has asked once."""


class FakeAws(FakeLambda):
    """A `Transport`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.stacks: dict[str, FakeStack] = {}
        self.alarm = "OK"
        self.caller = f"arn:aws:iam::{ACCOUNT}:user/me"
        self.mfa_code = "123456"
        self.role_path = "/"
        self.forbidden: set[str] = set()
        self.simulated = ""
        self.log: list[dict[str, Any]] | None = None
        """The events of the one log group; None is that there is none."""
        self.log_page = 100
        self.log_group: dict[str, Any] = {}
        """What else is known of the log group."""
        self.products: dict[str, list[str]] = {}
        """service -> what it has in the price list"""
        self.price_page = 100
        self.schemas: dict[str, list[str]] = {}
        """schema -> its versions, oldest first"""
        self.fail_update: str = ""
        """The reason why the next update of a stack fails."""
        self.stuck: str = ""
        """The reason why roll-backs and deletions of stacks fail."""
        self.settles_at_once = False
        """Whether a change of a stack is over when its call returns."""
        self.before: Callable[[int, str, str], None] = lambda number, service, operation: None
        self.after: Callable[[int, str, str], None] = lambda number, service, operation: None

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        model = operation_model(service, operation)
        report = ParamValidator().validate(dict(parameters), model.input_shape)
        assert not report.has_errors(), f"{service}:{operation}: {report.generate_report()}"
        number = len(self.calls)
        self.calls.append((service, operation, dict(parameters)))
        self.before(number, service, operation)
        try:
            answer: dict[str, Any] = getattr(self, f"_{service}_{operation}")(**parameters) or {}
        except Failure as failure:
            assert is_known(service, failure.code), f"{service}:{operation} does not refuse with {failure.code}"
            raise
        check_answer(model, answer)
        self.after(number, service, operation)
        return answer

    def names(self) -> list[str]:
        return [operation for _, operation, _ in self.calls]

    # --- sts, cloudwatch ---

    def _sts_GetCallerIdentity(self) -> dict[str, Any]:
        return {"Account": ACCOUNT, "Arn": self.caller, "UserId": "me"}

    def _sts_AssumeRole(
        self, RoleArn: str, RoleSessionName: str, SerialNumber: str = "", TokenCode: str = ""
    ) -> dict[str, Any]:
        if SerialNumber and TokenCode != self.mfa_code:
            message = "MultiFactorAuthentication failed with invalid MFA one time pass code."
            raise Failure("sts", "AssumeRole", "AccessDenied", message, 403)
        expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
        keys = {"AccessKeyId": "ASIAEXAMPLEEXAMPLE01", "SecretAccessKey": "secretkey", "SessionToken": "session"}
        return {"Credentials": {**keys, "Expiration": expires}}

    def _iam_SimulatePrincipalPolicy(self, PolicySourceArn: str, ActionNames: list[str], **_: Any) -> dict[str, Any]:
        self.simulated = PolicySourceArn
        decisions = {name: "implicitDeny" if name in self.forbidden else "allowed" for name in ActionNames}
        return {
            "EvaluationResults": [{"EvalActionName": name, "EvalDecision": each} for name, each in decisions.items()]
        }

    def _iam_GetRole(self, RoleName: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::{ACCOUNT}:role{self.role_path}{RoleName}"
        role = {
            "Path": self.role_path,
            "RoleName": RoleName,
            "RoleId": "AROAEXAMPLEEXAMPLE01",
            "Arn": arn,
            "CreateDate": BEGIN,
        }
        return {"Role": role}

    def _cloudwatch_DescribeAlarms(self, AlarmNames: list[str]) -> dict[str, Any]:
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": self.alarm} for name in AlarmNames]}

    # --- cloudformation ---

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
        if ChangeSetType == "CREATE" and (stack is None or stack.status == "DELETE_COMPLETE"):
            stack = self.stacks[StackName] = FakeStack()
        if stack is None:
            raise _no_stack(StackName)
        if stack.status != "REVIEW_IN_PROGRESS" and not stack.status.endswith("_COMPLETE"):
            raise _validation(f"Stack {StackName} is in {stack.status} state and can not be updated.")
        if ChangeSetName in stack.change_sets:
            raise Failure("cloudformation", "CreateChangeSet", "AlreadyExistsException", "it exists", 400)
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in Parameters}
        stack.change_sets[ChangeSetName] = {"template": TemplateBody, "parameters": parameters, "tags": list(Tags)}
        return {"Id": "arn:change-set", "StackId": "arn:stack"}

    def _cloudformation_DescribeChangeSet(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:
        stack, change = self._stack(StackName), self._stack(StackName).change_sets[ChangeSetName]
        if (stack.template, stack.parameters) == (change["template"], change["parameters"]):
            reason = (
                "The submitted information didn't contain changes. Submit different information to create a change set."
            )
            return {"Status": "FAILED", "StatusReason": reason}
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
        if self.fail_update:
            reason, self.fail_update = self.fail_update, ""
            self._event(stack, "Function", f"{verb}_FAILED", reason)
            self._event(stack, "HttpApi", f"{verb}_FAILED", "Resource creation cancelled")
            self._begin(stack, "ROLLBACK" if creates else "UPDATE_ROLLBACK")
            return
        stack.template, stack.parameters, stack.tags = change["template"], change["parameters"], change["tags"]
        self._apply(stack)
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
        return {"TemplateBody": self._stack(StackName).template or "{}"}

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

    def _cloudformation_ContinueUpdateRollback(self, StackName: str) -> None:
        stack = self._stack(StackName)
        self._event(stack, "iris", "UPDATE_ROLLBACK_IN_PROGRESS")
        if not self._sticks(stack, "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"):
            self._begin(stack, "UPDATE_ROLLBACK")

    def _cloudformation_DeleteStack(self, StackName: str) -> None:
        stack = self._stack(StackName)
        self._event(stack, "iris", "DELETE_IN_PROGRESS")
        if self._sticks(stack, "DELETE_FAILED", "DELETE_FAILED"):
            return
        if stack.template:
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
            stack.status = status
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
                "ResourceStatusReason": reason, "ResourceType": "AWS::Lambda::Function",
            }
        )  # fmt: skip

    def _apply(self, stack: FakeStack) -> None:
        resources = read_template(stack.template)["Resources"]
        properties = resources["Function"]["Properties"]
        function = self.functions.setdefault(properties["FunctionName"], FakeFunction({}))
        function.revision += function.config != properties
        function.config = properties
        wanted = [name for name in resources if name.startswith("Version")]
        stack.versions = {name: number for name, number in stack.versions.items() if name in wanted}
        for name in wanted:
            if name not in stack.versions:
                function.count += 1
                number = str(function.count)
                function.versions[number] = properties
                stack.versions[name] = number
        alias = stack.parameters["LiveVersion"] or stack.versions[wanted[0]]
        self._point(function, alias, {})

    def _cloudformation_ListStackResources(self, StackName: str) -> dict[str, Any]:
        resources = read_template(self._stack(StackName).template)["Resources"]
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

    # --- logs ---

    def _logs_FilterLogEvents(
        self, logGroupName: str, startTime: int, nextToken: str = "0", filterPattern: str = ""
    ) -> dict[str, Any]:
        if self.log is None:
            raise Failure("logs", "FilterLogEvents", "ResourceNotFoundException", "no such log group", 400)
        # `?"one" ?"another"`: either; anything else is one phrase.
        phrases = re.findall(r'\?"([^"]*)"', filterPattern) or [filterPattern]
        found = [
            event
            for event in self.log
            if event["timestamp"] >= startTime and any(phrase in event["message"] for phrase in phrases)
        ]
        begin = int(nextToken)
        more = {"nextToken": str(begin + self.log_page)} if begin + self.log_page < len(found) else {}
        return {"events": found[begin : begin + self.log_page], **more}

    def _logs_DescribeLogGroups(self, logGroupNamePrefix: str) -> dict[str, Any]:
        names = [] if self.log is None else [logGroupNamePrefix, f"{logGroupNamePrefix}-other"]
        return {"logGroups": [{"logGroupName": name, **self.log_group} for name in names]}

    def _logs_DeleteLogGroup(self, logGroupName: str) -> None:
        self.log = None

    # --- pricing ---

    def _pricing_GetProducts(
        self, ServiceCode: str, Filters: list[dict[str, str]], FormatVersion: str, MaxResults: int, NextToken: str = "0"
    ) -> dict[str, Any]:
        wanted = {each["Field"]: each["Value"] for each in Filters}
        found = [each for each in self.products.get(ServiceCode, []) if fits(each, wanted)]
        begin, end = int(NextToken), int(NextToken) + min(MaxResults, self.price_page)
        more = {"NextToken": str(end)} if end < len(found) else {}
        return {"FormatVersion": FormatVersion, "PriceList": found[begin:end], **more}

    # --- schemas ---

    def _schemas_CreateRegistry(self, RegistryName: str) -> dict[str, Any]:
        return {"RegistryName": RegistryName}

    def _schemas_DescribeSchema(self, RegistryName: str, SchemaName: str) -> dict[str, Any]:
        if SchemaName not in self.schemas:
            raise Failure("schemas", "DescribeSchema", "NotFoundException", "none", 404)
        return {"Content": self.schemas[SchemaName][-1]}

    def _schemas_CreateSchema(self, RegistryName: str, SchemaName: str, Type: str, Content: str) -> dict[str, Any]:
        self.schemas[SchemaName] = [Content]
        return {"SchemaName": SchemaName}

    def _schemas_UpdateSchema(self, RegistryName: str, SchemaName: str, Type: str, Content: str) -> dict[str, Any]:
        self.schemas[SchemaName].append(Content)
        assert len(self.schemas[SchemaName]) <= 5, "AWS keeps five versions"
        return {"SchemaName": SchemaName}

    def _schemas_ListSchemaVersions(self, RegistryName: str, SchemaName: str) -> dict[str, Any]:
        return {"SchemaVersions": [{"SchemaVersion": str(n)} for n in range(1, len(self.schemas[SchemaName]) + 1)]}

    def _schemas_DeleteSchemaVersion(self, RegistryName: str, SchemaName: str, SchemaVersion: str) -> None:
        self.schemas[SchemaName].pop(int(SchemaVersion) - 1)


def _validation(message: str) -> Failure:
    return Failure("cloudformation", "?", "ValidationError", message, 400)


def _no_stack(name: str) -> Failure:
    return _validation(f"Stack with id {name} does not exist")

"""AWS for tests: a small model of ECR, CloudFormation, Lambda and CloudWatch that keeps state and can be made to fail.

Every question and every answer is checked against botocore's service model, so that neither we nor the fake can make
anything up.
Its ECR and its Lambda have files of their own; `aws_rules` has what it refuses because AWS does.
"""

from __future__ import annotations

import datetime
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.session import Session
from botocore.validate import ParamValidator

from iris_model.aws.client.failed_call import Failure
from tests.support.aws_rules import Refused
from tests.support.aws_rules.iam import Place, resources_of
from tests.support.error_codes import is_known
from tests.support.fake_cloudformation import BEGIN, FakeCloudFormation
from tests.support.fake_ecr import ACCOUNT
from tests.support.fake_prices import fits


@cache
def service_model(service: str) -> Any:
    return Session().get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> Any:
    return service_model(service).operation_model(operation)


def check_answer(model: Any, answer: Mapping[str, Any]) -> None:
    """Every member of an answer, at every depth, is one that the service has, of its type."""
    assert model.output_shape or not answer, f"{model.name} answers nothing"
    if model.output_shape:
        report = ParamValidator().validate(dict(answer), model.output_shape)
        assert not report.has_errors(), f"{model.service_model.service_name}:{model.name}: {report.generate_report()}"


class FakeAws(FakeCloudFormation):
    """A `Transport`."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.alarm = "OK"
        self.no_secrets: set[str] = set()
        """Those that Secrets Manager does not have."""
        self.caller = f"arn:aws:iam::{ACCOUNT}:user/me"
        self.mfa_code = "123456"
        self.role_path = "/"
        self.forbidden: set[str] = set()
        self.simulated = ""
        self.simulated_on: list[str] = []
        self.trusts = "lambda.amazonaws.com"
        self.no_role = False
        self.log_page = 100
        self.products: dict[str, list[str]] = {}
        """service -> what it has in the price list"""
        self.price_page = 100
        self.schemas: dict[str, list[str]] = {}
        """schema -> its versions, oldest first"""
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
            if self.policy is not None:
                self.authorize(resources_of(Place(ACCOUNT, self.region), service, operation, parameters))
            answer: dict[str, Any] = getattr(self, f"_{service}_{operation}")(**parameters) or {}
        except Refused as refused:
            assert is_known(service, refused.code), f"{service}:{operation} does not refuse with {refused.code}"
            raise Failure(service, operation, refused.code, refused.message, refused.status) from None
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

    def _iam_SimulatePrincipalPolicy(
        self, PolicySourceArn: str, ActionNames: list[str], ResourceArns: list[str], **_: Any
    ) -> dict[str, Any]:
        self.simulated = PolicySourceArn
        self.simulated_on.append(ResourceArns[0])
        refused = {name for name in ActionNames if self.forbidden & {name, f"{name} {ResourceArns[0]}"}}
        decisions = {name: "implicitDeny" if name in refused else "allowed" for name in ActionNames}
        return {
            "EvaluationResults": [{"EvalActionName": name, "EvalDecision": each} for name, each in decisions.items()]
        }

    def _iam_GetRole(self, RoleName: str) -> dict[str, Any]:
        if self.no_role:
            raise Failure("iam", "GetRole", "NoSuchEntity", f"The role with name {RoleName} cannot be found.", 404)
        trust = {"Statement": [{"Principal": {"Service": self.trusts}, "Action": "sts:AssumeRole"}]}
        arn = f"arn:aws:iam::{ACCOUNT}:role{self.role_path}{RoleName}"
        role = {
            "Path": self.role_path,
            "RoleName": RoleName,
            "RoleId": "AROAEXAMPLEEXAMPLE01",
            "Arn": arn,
            "CreateDate": BEGIN,
            "AssumeRolePolicyDocument": urllib.parse.quote(json.dumps(trust)),
        }
        return {"Role": role}

    def _cloudwatch_DescribeAlarms(self, AlarmNames: list[str]) -> dict[str, Any]:
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": self.alarm} for name in AlarmNames]}

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
        self.log, self.log_group = None, {}

    def _logs_PutRetentionPolicy(self, logGroupName: str, retentionInDays: int) -> None:
        self.log_group = {**self.log_group, "retentionInDays": retentionInDays}

    # --- ssm, secretsmanager ---

    def _ssm_GetParameters(self, Names: list[str]) -> dict[str, Any]:
        found = [name for name in Names if name.partition(":")[0] in self.secrets]
        parameters = []
        for name, colon, version in (name.partition(":") for name in found):
            parameters.append(
                {"Name": name, "Type": self.secrets[name], **({"Selector": colon + version} if colon else {})}
            )
        invalid = [name for name in Names if name not in found]
        return {"Parameters": parameters, **({"InvalidParameters": invalid} if invalid else {})}

    def _secretsmanager_DescribeSecret(self, SecretId: str) -> dict[str, Any]:
        if SecretId in self.no_secrets:
            message = "Secrets Manager can't find the specified secret."
            raise Failure("secretsmanager", "DescribeSecret", "ResourceNotFoundException", message, 400)
        return {"Name": SecretId}

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

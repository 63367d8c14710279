"""IAM's own matching, and what AWS evaluates for a call: which action, on which ARN, with which condition keys.

Actions and resource types follow the Service Authorization Reference (https://docs.aws.amazon.com/service-authorization/); what
CloudFormation calls for a type of resource follows the handlers of that type in CloudFormation's registry.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .names import name_role
from .rule import rule


class Asked(NamedTuple):
    """One question to IAM."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


class Place(NamedTuple):
    """Where the calls go."""

    account: str
    region: str

    def arn(self, service: str, rest: str) -> str:
        region, account = ("", self.account) if service == "iam" else (self.region, self.account)
        return f"arn:aws:{service}:{region}:{'' if service == 'apigateway' else account}:{rest}"


def allows(policy: Mapping[str, Any], asked: Asked) -> bool:
    """Whether a policy allows it: some statement allows, none denies."""
    found = [each["Effect"] for each in policy["Statement"] if _applies(each, asked)]
    return "Allow" in found and "Deny" not in found


def _applies(statement: Mapping[str, Any], asked: Asked) -> bool:
    return (
        any(_like(pattern.lower(), asked.action.lower()) for pattern in _list(statement["Action"]))
        and any(_like(pattern, asked.resource) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, dict(asked.context).get(key), _list(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if operator not in ("StringEquals", "StringLike", "ArnLike", "ArnEquals"):
        raise NotImplementedError(operator)
    if value is None:
        return False
    return value in wanted if operator == "StringEquals" else any(_like(pattern, value) for pattern in wanted)


def _like(pattern: str, text: str) -> bool:
    """`*` is any text, across `:` and `/` too; `?` is one character."""
    expression = "".join(".*" if each == "*" else "." if each == "?" else re.escape(each) for each in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# --- the deployer's own calls ---

# Operations whose permission is called otherwise, and those that know no resource.
_ACTIONS = {"lambda:Invoke": "lambda:InvokeFunction", "s3:ListObjectsV2": "s3:ListBucket"}
ANY_RESOURCE = ("sts:GetCallerIdentity", "ecr:GetAuthorizationToken", "cloudwatch:DescribeAlarms", "iam:SimulatePrincipalPolicy",
        "pricing:GetProducts")  # fmt: skip


def knows(service: str, operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether `resources_of` has an answer: not for calls that none of our operations makes."""
    if f"{service}:{operation}" in ANY_RESOURCE:
        return True
    if service not in _RESOURCES:
        return False
    try:
        _RESOURCES[service](Place("", ""), operation, parameters)
    except KeyError:
        return False
    return True


def resources_of(place: Place, service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Asked]:
    """What IAM is asked for a call of boto3."""
    action = _ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")
    if action in ANY_RESOURCE:
        yield Asked(action, "*")
        return
    for resource in _RESOURCES[service](place, operation, parameters):
        yield Asked(action, resource)
    if action == "ecr:CreateRepository" and parameters.get("tags"):
        yield Asked("ecr:TagResource", place.arn("ecr", f"repository/{parameters['repositoryName']}"))


def _ecr(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    if "resourceArn" in parameters:
        return [parameters["resourceArn"]]
    names = parameters.get("repositoryNames") or [parameters["repositoryName"]]
    return [place.arn("ecr", f"repository/{name}") for name in names]


def _cloudformation(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    return [place.arn("cloudformation", f"stack/{parameters['StackName']}/51af3dc0-da77-11e4-872e-1234567db123")]


def _lambda(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    if "Resource" in parameters:
        return [parameters["Resource"]]
    qualifier = f":{parameters['Qualifier']}" if parameters.get("Qualifier") else ""
    return [place.arn("lambda", f"function:{parameters['FunctionName']}{qualifier}")]


def _logs(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    if operation == "DescribeLogGroups":
        return [place.arn("logs", "log-group::log-stream:")]
    return [place.arn("logs", f"log-group:{parameters['logGroupName']}:log-stream:")]


def _iam(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    return [place.arn("iam", f"role/{parameters['RoleName']}")]


def _s3(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    return ["/".join([f"arn:aws:s3:::{parameters['Bucket']}", *([parameters["Key"]] if "Key" in parameters else [])])]


def _schemas(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    registry = parameters["RegistryName"]
    name = f"schema/{registry}/{parameters['SchemaName']}" if "SchemaName" in parameters else f"registry/{registry}"
    return [place.arn("schemas", name)]


def _ssm(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    return [place.arn("ssm", f"parameter/{name.partition(':')[0].lstrip('/')}") for name in parameters["Names"]]


def _secretsmanager(place: Place, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    name = parameters["SecretId"]
    return [name if name.startswith("arn:") else place.arn("secretsmanager", f"secret:{name}-AbCdEf")]


_RESOURCES: dict[str, Callable[[Place, str, Mapping[str, Any]], list[str]]] = {
    "ecr": _ecr, "cloudformation": _cloudformation, "lambda": _lambda, "logs": _logs, "iam": _iam, "schemas": _schemas,
    "s3": _s3, "ssm": _ssm, "secretsmanager": _secretsmanager,
}  # fmt: skip

# --- what CloudFormation calls in the deployer's name ---

# type -> (created, updated, deleted): the actions; every stack has a tag, so that tags are always set.
_HANDLERS: dict[str, tuple[str, str, str]] = {
    "AWS::Lambda::Function": (
        "lambda:CreateFunction lambda:GetFunction lambda:PutFunctionConcurrency lambda:TagResource "
        "lambda:GetFunctionCodeSigningConfig lambda:GetRuntimeManagementConfig lambda:ListTags lambda:GetFunctionConfiguration",
        "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PutFunctionConcurrency "
        "lambda:DeleteFunctionConcurrency lambda:TagResource lambda:UntagResource lambda:GetFunction lambda:ListTags "
        "lambda:GetFunctionConfiguration lambda:GetFunctionCodeSigningConfig lambda:GetRuntimeManagementConfig",
        "lambda:DeleteFunction lambda:GetFunction",
    ),
    "AWS::Lambda::Version": ("lambda:PublishVersion lambda:ListVersionsByFunction", "lambda:ListVersionsByFunction", ""),
    "AWS::Lambda::Alias": (
        "lambda:CreateAlias lambda:GetAlias lambda:PutProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig",
        "lambda:UpdateAlias lambda:GetAlias lambda:PutProvisionedConcurrencyConfig lambda:GetProvisionedConcurrencyConfig "
        "lambda:DeleteProvisionedConcurrencyConfig",
        "lambda:DeleteAlias lambda:GetAlias",
    ),
    "AWS::Lambda::Permission": (
        "lambda:AddPermission", "lambda:AddPermission lambda:RemovePermission lambda:GetPolicy", "lambda:RemovePermission",
    ),
    "AWS::Lambda::Url": (
        "lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig lambda:GetFunctionUrlConfig",
        "lambda:DeleteFunctionUrlConfig",
    ),
    "AWS::IAM::Role": (
        "iam:CreateRole iam:PutRolePolicy iam:PutRolePermissionsBoundary iam:TagRole iam:GetRole iam:GetRolePolicy "
        "iam:ListRolePolicies iam:ListAttachedRolePolicies",
        "iam:UpdateAssumeRolePolicy iam:PutRolePolicy iam:DeleteRolePolicy iam:PutRolePermissionsBoundary "
        "iam:DeleteRolePermissionsBoundary iam:TagRole iam:UntagRole iam:GetRole iam:GetRolePolicy iam:ListRolePolicies "
        "iam:ListAttachedRolePolicies",
        "iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:ListRolePolicies iam:ListAttachedRolePolicies",
    ),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup logs:PutRetentionPolicy logs:TagResource logs:DescribeLogGroups logs:ListTagsForResource",
        "logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:TagResource logs:UntagResource logs:DescribeLogGroups "
        "logs:ListTagsForResource",
        "logs:DeleteLogGroup logs:DescribeLogGroups",  # of a stack whose creation failed
    ),
    "AWS::CloudWatch::Alarm": (
        "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:TagResource cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:TagResource cloudwatch:UntagResource "
        "cloudwatch:ListTagsForResource",
        "cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms",
    ),
    "AWS::Lambda::EventInvokeConfig": (
        "lambda:PutFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
        "lambda:UpdateFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
        "lambda:DeleteFunctionEventInvokeConfig",
    ),
    "AWS::Events::Rule": (
        "events:PutRule events:DescribeRule events:PutTargets events:ListTargetsByRule events:TagResource "
        "events:ListTagsForResource",
        "events:PutRule events:DescribeRule events:PutTargets events:RemoveTargets events:ListTargetsByRule "
        "events:TagResource events:UntagResource",
        "events:DeleteRule events:DescribeRule events:RemoveTargets events:ListTargetsByRule",
    ),
    "AWS::Lambda::EventSourceMapping": (
        "lambda:CreateEventSourceMapping lambda:GetEventSourceMapping lambda:TagResource lambda:ListTags",
        "lambda:UpdateEventSourceMapping lambda:GetEventSourceMapping lambda:TagResource lambda:UntagResource lambda:ListTags",
        "lambda:DeleteEventSourceMapping lambda:GetEventSourceMapping",
    ),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine states:DescribeStateMachine states:TagResource states:ListTagsForResource",
        "states:UpdateStateMachine states:DescribeStateMachine states:TagResource states:UntagResource "
        "states:ListTagsForResource",
        "states:DeleteStateMachine states:DescribeStateMachine",
    ),
    "AWS::SNS::Subscription": (
        "sns:Subscribe sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes sns:GetSubscriptionAttributes",
        "sns:Unsubscribe sns:GetSubscriptionAttributes sns:ListSubscriptionsByTopic",
    ),
    "AWS::CloudWatch::Dashboard": (
        "cloudwatch:PutDashboard cloudwatch:GetDashboard", "cloudwatch:PutDashboard cloudwatch:GetDashboard",
        "cloudwatch:DeleteDashboards cloudwatch:GetDashboard",
    ),
    "AWS::Route53::RecordSet": (
        "route53:ChangeResourceRecordSets route53:GetHostedZone route53:ListResourceRecordSets route53:GetChange",
        "route53:ChangeResourceRecordSets route53:GetHostedZone route53:ListResourceRecordSets route53:GetChange",
        "route53:ChangeResourceRecordSets route53:GetHostedZone route53:ListResourceRecordSets route53:GetChange",
    ),
}  # fmt: skip
_OF_API = {
    "AWS::ApiGatewayV2::Api": "", "AWS::ApiGatewayV2::Authorizer": "/authorizers", "AWS::ApiGatewayV2::Integration":
    "/integrations", "AWS::ApiGatewayV2::Route": "/routes", "AWS::ApiGatewayV2::Stage": "/stages",
}  # fmt: skip
_OF_DOMAIN = {"AWS::ApiGatewayV2::DomainName": "", "AWS::ApiGatewayV2::ApiMapping": "/apimappings"}
_LOGS_ON_ANY = ("logs:DescribeLogGroups",)
_TAGS_OF_LOGS = ("logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource")


@rule(2, "botocore's service model of logs; DataDog/cloudformation-template#61; videoq#870")
def arn_of_log_group(place: Place, action: str, name: str) -> str:
    """The ARN that is evaluated: without `:*` for tags, with what `:*` covers for everything else."""
    if action in _LOGS_ON_ANY:
        return place.arn("logs", "log-group::log-stream:")
    return place.arn("logs", f"log-group:{name}" if action in _TAGS_OF_LOGS else f"log-group:{name}:log-stream:")


def resources_of_type(
    place: Place, stack: str, logical_id: str, resource: Mapping[str, Any], function: str, verb: int
) -> Iterator[Asked]:
    """What IAM is asked when CloudFormation creates (0), updates (1) or deletes (2) a resource of a template."""
    kind, properties = resource["Type"], resource.get("Properties", {})
    if kind in _OF_DOMAIN:
        yield from _of_domain(place, _OF_DOMAIN[kind], verb)
        return
    if kind in _OF_API:
        yield from _of_api(place, _OF_API[kind], verb)
        for operation in _DELIVERY if "AccessLogSettings" in properties else ():
            yield Asked(f"logs:{operation}", "*")
        return
    function_arn = place.arn("lambda", f"function:{function}")
    for action in _HANDLERS[kind][verb].split():
        if kind == "AWS::Logs::LogGroup":
            yield Asked(action, arn_of_log_group(place, action, properties["LogGroupName"]))
        elif kind == "AWS::IAM::Role":
            yield Asked(action, place.arn("iam", f"role/{name_role(stack, logical_id)}"))
        elif kind == "AWS::CloudWatch::Alarm":
            on = (
                "*"
                if action == "cloudwatch:DescribeAlarms"
                else place.arn("cloudwatch", f"alarm:{properties['AlarmName']}")
            )
            yield Asked(action, on)
        elif kind == "AWS::Events::Rule":
            bus = f"{properties['EventBusName']}/" if "EventBusName" in properties else ""
            yield Asked(action, place.arn("events", f"rule/{bus}{properties['Name']}"))
        elif kind == "AWS::Lambda::EventSourceMapping":
            yield Asked(action, place.arn("lambda", "event-source-mapping:9c3a7bb1-0c40-4c70-9a3b-000000000000"))
        elif kind == "AWS::StepFunctions::StateMachine":
            yield Asked(action, place.arn("states", f"stateMachine:{properties['StateMachineName']}"))
        elif kind == "AWS::SNS::Subscription":
            yield Asked(action, properties["TopicArn"])
        elif kind == "AWS::CloudWatch::Dashboard":
            yield Asked(action, f"arn:aws:cloudwatch::{place.account}:dashboard/{properties['DashboardName']}")
        elif action == "route53:GetChange":
            yield Asked(action, "arn:aws:route53:::change/C1PA6795UKMFR9")
        elif kind == "AWS::Route53::RecordSet":
            yield Asked(action, f"arn:aws:route53:::hostedzone/{properties['HostedZoneId']}")
        elif (
            "Provisioned" in action
            or "EventInvokeConfig" in action
            or (kind in ("AWS::Lambda::Permission", "AWS::Lambda::Url"))
        ):
            yield Asked(action, f"{function_arn}:live")
        else:
            yield Asked(action, function_arn)
    if kind == "AWS::StepFunctions::StateMachine" and verb < 2:
        role = place.arn("iam", f"role/{name_role(stack, 'BatchRole')}")
        yield Asked("iam:PassRole", role, (("iam:PassedToService", "states.amazonaws.com"),))
    if kind == "AWS::Lambda::Function" and verb < 2:
        role = properties["Role"]
        own = place.arn("iam", f"role/{name_role(stack, 'Role')}")
        context = (("iam:PassedToService", "lambda.amazonaws.com"),)
        yield Asked("iam:PassRole", role if isinstance(role, str) else own, context)
        # Lambda gives itself the right to read the image, with the rights of the caller.
        repository = re.search(r"/([^/@]+(?:/[^/@]+)*)@sha256:", str(properties["Code"]))
        if repository:
            for operation in ("BatchGetImage", "GetDownloadUrlForLayer", "GetRepositoryPolicy", "SetRepositoryPolicy"):
                yield Asked(f"ecr:{operation}", place.arn("ecr", f"repository/{repository[1]}"))
        yield from _of_features(place, properties)
        for variable in ((properties.get("Environment") or {}).get("Variables") or {}).values():
            yield from _of_secret(place, variable)


def _of_features(place: Place, properties: Mapping[str, Any]) -> Iterator[Asked]:
    """What Lambda asks of the caller for a network and for a key.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html (the calls for an image: doubt)
    """
    for operation in ("SecurityGroups", "Subnets", "Vpcs") if properties.get("VpcConfig") else ():
        yield Asked(f"ec2:Describe{operation}", "*")
    if key := properties.get("KmsKeyArn"):
        for operation in ("CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"):
            yield Asked(f"kms:{operation}", key)


# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
_DELIVERY = (
    "CreateLogDelivery", "DeleteLogDelivery", "DescribeResourcePolicies", "GetLogDelivery", "ListLogDeliveries",
    "PutResourcePolicy", "UpdateLogDelivery",
)  # fmt: skip


def _of_domain(place: Place, below: str, verb: int) -> Iterator[Asked]:
    """A name is a path of API Gateway, with what it leads to below it."""
    collection = f"/domainnames/iris.example.org{below}" if below else "/domainnames"
    one = f"{collection}/x1y2z3" if below else "/domainnames/iris.example.org"
    on = collection if verb == 0 else one
    yield Asked(f"apigateway:{('POST', 'PATCH', 'DELETE')[verb]}", place.arn("apigateway", on))
    yield Asked("apigateway:GET", place.arn("apigateway", one))
    if not below:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
        operation = "RemoveCertificateFromDomain" if verb == 2 else "AddCertificateToDomain"
        yield Asked(f"apigateway:{operation}", place.arn("apigateway", on))
        if verb < 2:
            for arn in arns_of_api_tags(place):
                yield Asked("apigateway:POST", arn)
        if verb == 0:
            role = "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
            yield Asked("iam:CreateServiceLinkedRole", place.arn("iam", role))


@rule(17, "aws-cloudformation/cloudformation-coverage-roadmap#997, terraform-provider-aws#16023 (doubt: may be fixed)")
def arns_of_api_tags(place: Place) -> tuple[str, str]:
    """The ARNs on which tags of an HTTP API were seen to be evaluated: the right one, and one with two beginnings."""
    begin = place.arn("apigateway", "")
    return f"{begin}/tags/arn%3Aaws%3Aapigateway%3A{place.region}%3A%3A%2Fapis%2Fa1b2c3d4", f"{begin}{begin}/tags/"


def _of_api(place: Place, below: str, verb: int) -> Iterator[Asked]:
    """HTTP APIs know no operations: a permission is a verb on a path."""
    collection = "/apis" if not below else f"/apis/a1b2c3d4{below}"
    one = f"{'/apis/a1b2c3d4' if not below else collection}{'/x1y2z3' if below else ''}"
    if verb == 0:
        yield Asked("apigateway:POST", place.arn("apigateway", collection))
        yield Asked("apigateway:GET", place.arn("apigateway", one))
    elif verb == 1:
        yield Asked("apigateway:PATCH", place.arn("apigateway", one))
        yield Asked("apigateway:GET", place.arn("apigateway", one))
    else:
        yield Asked("apigateway:DELETE", place.arn("apigateway", one))
    if below in ("", "/stages") and verb < 2:
        for arn in arns_of_api_tags(place):
            yield Asked("apigateway:POST", arn)
        if below:
            yield Asked("apigateway:TagResource", place.arn("apigateway", collection))  # amplify-cli#12316
        else:
            yield Asked("apigateway:PUT", place.arn("apigateway", one))


def _of_secret(place: Place, variable: Any) -> Iterator[Asked]:
    found = re.fullmatch(r"\{\{resolve:(ssm|secretsmanager):(arn:(?:[^:}]+:){5}[^:}]+|[^:}]+)[^}]*\}\}", str(variable))
    if found is None:
        return
    if found[1] == "ssm":
        yield Asked("ssm:GetParameters", place.arn("ssm", f"parameter/{found[2].lstrip('/')}"))
        return
    arn = found[2] if found[2].startswith("arn:") else place.arn("secretsmanager", f"secret:{found[2]}-AbCdEf")
    yield Asked("secretsmanager:GetSecretValue", arn)

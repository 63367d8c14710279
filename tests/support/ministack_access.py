"""Permissions in MiniStack as AWS asks for them: each call on its ARN, and what CloudFormation does in the name of the caller.

MiniStack evaluates the policies itself. `aws_rules/iam.py` says what is asked. Root may do everything and is not asked.
"""

import contextvars
import json
import re
from urllib.parse import unquote

from aws_rules.iam import ANY_RESOURCE, Place, knows, resources_of, resources_of_type
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam
from ministack.services.cloudformation import stacks

# On AWS a call for several messages needs the right of the call for one.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_GRANTED_WITH = {"sqs:SendMessageBatch": "sqs:SendMessage"}
_KEY = contextvars.ContextVar("key_of_the_caller", default="")
_MORE = contextvars.ContextVar("further_questions", default=())
CREATED, UPDATED, DELETED = range(3)


def install() -> None:
    """Put the questions in."""
    iam_actions.extract_resource_arn = _with_arn_of_aws(iam_actions.extract_resource_arn)
    iam_evaluator.enforce = _asking_all(iam_evaluator.enforce)
    stacks._provision_resource = _asking_to_create(stacks._provision_resource)
    stacks._update_resource = _asking_to_update(stacks._update_resource)
    stacks._delete_resource = _asking_to_delete(stacks._delete_resource)


# --- calls ---


def _with_arn_of_aws(extract):
    def extract_resource_arn(service, method, path, headers, body, query, region, account):
        _MORE.set(())
        action = iam_actions.extract_iam_action(service, method, path, headers, body, query) or ""
        namespace, _, operation = action.partition(":")
        parameters = _parameters(namespace, path, body, query)
        if not knows(namespace, operation, parameters):
            return extract(service, method, path, headers, body, query, region, account)
        first, *more = resources_of(Place(account, region), namespace, operation, parameters)
        _MORE.set(tuple(more))
        return first.resource

    return extract_resource_arn


def _parameters(namespace, path, body, query):
    """The parameters as boto3 names them; of Lambda those that are in the address."""
    flat = {name: value[0] if isinstance(value, list) else value for name, value in query.items()}
    if namespace == "lambda":
        function = re.match(r"/\d{4}-\d\d-\d\d/functions/([^/]+)", path)
        tagged = re.match(r"/\d{4}-\d\d-\d\d/tags/(.+)", path)
        found = {"FunctionName": unquote(function[1])} if function else {}
        return {**flat, **found, **({"Resource": unquote(tagged[1])} if tagged else {})}
    try:
        return {**flat, **json.loads(body)}
    except ValueError:
        return flat


def _asking_all(enforce):
    def enforce_all(key, action, service, region, resource_arn="*", service_context=None):
        _KEY.set(key or "")
        action = _GRANTED_WITH.get(action, action)
        if action in ANY_RESOURCE:
            resource_arn = "*"
        denied = enforce(key, action, service, region, resource_arn=resource_arn, service_context=service_context)
        more = _MORE.get()
        _MORE.set(())
        for asked in more:
            denied = denied or enforce(key, asked.action, service, region, resource_arn=asked.resource)
        return denied

    return enforce_all


# --- CloudFormation, in the name of the caller ---


def _asking_to_create(create):
    def provision_resource(kind, logical_id, properties, stack):
        _authorize(stack, logical_id, kind, properties, CREATED)
        return create(kind, logical_id, properties, stack)

    return provision_resource


def _asking_to_update(update):
    def update_resource(kind, physical_id, old, new, stack, logical_id=None, *more):
        _authorize(stack, logical_id, kind, new, UPDATED)
        return update(kind, physical_id, old, new, stack, logical_id, *more)

    return update_resource


def _asking_to_delete(delete):
    def delete_resource(kind, physical_id, properties, stack=None, logical_id=None):
        _authorize(stack, logical_id, kind, properties, DELETED)
        if kind == "AWS::IAM::Role":
            _check_detached(physical_id, properties)
        return delete(kind, physical_id, properties, stack, logical_id)

    return delete_resource


def _authorize(stack, logical_id, kind, properties, verb):
    """Fail as the resource does on AWS, if a policy of the caller does not allow a call for it."""
    principal = iam_evaluator.resolve_principal(_KEY.get(), get_account_id()) if _KEY.get() else None
    if principal is None or principal.policies is None:
        return
    resource = {"Type": kind, "Properties": properties}
    place = Place(get_account_id(), get_region())
    for asked in resources_of_type(place, stack, logical_id, resource, _function_of(properties), verb):
        context = iam_evaluator.EvalContext(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=asked.action,
            resource_arn=asked.resource,
            region=place.region,
            service_context={key.lower(): value for key, value in asked.context},
            principal_keys=principal.keys,
        )
        if iam_evaluator.evaluate(context, principal.policies, *principal.limits).decision != "Allow":
            _fail(
                f"User: {principal.arn} is not authorized to perform: {asked.action} on resource: {asked.resource} "
                f"because no identity-based policy allows the {asked.action} action",
                "Status Code: 403",
                "AccessDenied",
            )


def _check_detached(name, properties):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html: what somebody attached stands in the way."""
    attached = set((iam._roles.get(name) or {}).get("AttachedPolicies", ()))
    if attached - set(properties.get("ManagedPolicyArns", ())):
        _fail("Cannot delete entity, must detach all policies first.", "Status Code: 409", "ResourceConflict")


def _fail(message, status, code):
    wrapped = f'"{message} (Service: Example, {status}, Request ID: 0)" (RequestToken: 0, HandlerErrorCode: {code})'
    raise RuntimeError(f"Resource handler returned message: {wrapped}")


def _function_of(properties):
    """The name of the function that a resource belongs to."""
    named = str(properties.get("FunctionName") or properties.get("TargetFunctionArn") or "")
    return re.sub(r"^arn:aws:lambda:[^:]*:[^:]*:function:", "", named).partition(":")[0]

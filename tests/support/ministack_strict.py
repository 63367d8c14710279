"""The layer over MiniStack: every rule of `aws_rules` that it lacks, put where its services are called.

`ministack_main.py` installs it, in the process of MiniStack. What a rule refuses is answered as AWS does.
"""

import asyncio
import contextvars
import json
import math
from urllib.parse import unquote

import ministack.app
import ministack_access
import ministack_triggers
import yaml
from aws_rules import Refused
from aws_rules.aliases import check_alias_update, check_weighted_versions
from aws_rules.http import MOST_SECONDS, raw_path_of_function_url, sends_sigterm, status_after
from aws_rules.stacks import check_change_set, check_continue, check_delete, check_sizes, mangle_template
from aws_rules.templates import check_template
from ministack.core.iam_evaluator import validate_role_arn
from ministack.core.responses import error_response_json
from ministack.services import apigateway, lambda_svc, ssm
from ministack.services.cloudformation import handlers, helpers, provisioners


def install() -> None:
    """Put the rules in."""
    lambda_svc._update_alias = _refusing_alias(lambda_svc._update_alias)
    for action, rule in (
        ("CreateChangeSet", _check_change_set),
        ("CreateStack", _check_body),
        ("UpdateStack", _check_body),
        ("ContinueUpdateRollback", _check_continue),
        ("DeleteStack", _check_delete),
    ):
        handlers._ACTION_HANDLERS[action] = _refusing(handlers._ACTION_HANDLERS[action], rule)
    handlers._ACTION_HANDLERS["GetTemplate"] = _mangling(handlers._ACTION_HANDLERS["GetTemplate"])
    apigateway._invoke_lambda_proxy = _ending(apigateway._invoke_lambda_proxy)
    lambda_svc._build_function_url_event = _with_raw_path(lambda_svc._build_function_url_event)
    ministack.app.app = _remembering_path(ministack.app.app)
    lambda_svc._kill_pool_entry = _ending_at_once(lambda_svc._kill_pool_entry)
    function = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    function["create"], function["update"] = _keeping_all(function["create"]), _keeping_all(function["update"])
    ministack_access.install()
    ministack_triggers.install()


# --- Lambda ---


def _refusing_alias(update):
    def update_alias(name, alias_name, data):
        function = lambda_svc._functions.get(name) or {}
        alias = function.get("aliases", {}).get(alias_name)
        if alias is not None:
            try:
                _check_alias(function, alias, data)
            except Refused as refused:
                return error_response_json(refused.code, refused.message, refused.status)
        return update(name, alias_name, data)

    return update_alias


def _check_alias(function, alias, data):
    version = str(data.get("FunctionVersion", alias["FunctionVersion"]))
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    after = check_alias_update(version, weights, (data["RoutingConfig"] or {}) if "RoutingConfig" in data else None)
    if after:
        versions = function.get("versions", {})
        check_weighted_versions({each: versions[each]["config"] for each in (version, *after) if each in versions})


def _ending_at_once(kill):
    """Without an extension a sandbox just ends; none is registered by what we deploy."""

    def kill_pool_entry(entry):
        container = entry.get("container")
        if container is not None and not sends_sigterm(extensions=0):
            try:
                container.kill()
            except Exception:
                pass
        kill(entry)

    return kill_pool_entry


# What the template calls it, and Lambda. MiniStack's CloudFormation drops these: rule 8 needs the dead letter.
_DROPPED = {"DeadLetterConfig": "DeadLetterConfig", "KmsKeyArn": "KMSKeyArn", "VpcConfig": "VpcConfig"}


def _keeping_all(handle):
    """The properties of a function that MiniStack takes in a call and drops in a template; what is not named is taken away."""

    def create_or_update(*arguments, **more):
        properties = next(each for each in reversed(arguments) if isinstance(each, dict))
        if validate_role_arn(properties.get("Role", "")):
            # MiniStack asks this in a call of Lambda alone.
            raise RuntimeError("The role defined for the function cannot be assumed by Lambda.")
        name, attributes = handle(*arguments, **more)
        config = lambda_svc._functions[name]["config"]
        for in_template, in_lambda in _DROPPED.items():
            config.pop(in_lambda, None)
            if in_template in properties:
                config[in_lambda] = properties[in_template]
        return name, attributes

    return create_or_update


_RAW_PATH = contextvars.ContextVar("raw_path", default="")


def _remembering_path(app):
    async def remember(scope, receive, send):
        if scope.get("raw_path"):
            _RAW_PATH.set(scope["raw_path"].decode("latin-1"))
        await app(scope, receive, send)

    return remember


def _with_raw_path(build):
    def build_event(*arguments, **more):
        event = build(*arguments, **more)
        raw = raw_path_of_function_url(_RAW_PATH.get())
        if unquote(raw) == event["rawPath"]:
            event["rawPath"] = raw
        return event

    return build_event


# --- API Gateway ---


def _ending(invoke):
    """The client gets an answer after 30 s; the function continues."""

    async def invoke_lambda_proxy(*arguments, **more):
        task = asyncio.ensure_future(invoke(*arguments, **more))
        done, _ = await asyncio.wait({task}, timeout=MOST_SECONDS)
        if not done:
            status = status_after(math.inf)
            return status, {"Content-Type": "application/json"}, json.dumps({"message": "Service Unavailable"}).encode()
        return task.result()

    return invoke_lambda_proxy


# --- CloudFormation ---


def _refusing(handle, rule):
    def handler(params):
        try:
            rule(params)
        except Refused as refused:
            return helpers._error(refused.code, refused.message, refused.status)
        return handle(params)

    return handler


def _mangling(handle):
    def handler(params):
        status, headers, body = handle(params)
        return status, headers, mangle_template(body.decode()).encode()

    return handler


def _status(params):
    stack = handlers._resolve_stack(helpers._p(params, "StackName"))
    return stack["StackStatus"] if stack else ""


def _check_change_set(params):
    _check_body(params)
    check_change_set(helpers._p(params, "StackName"), _status(params), helpers._p(params, "ChangeSetType", "UPDATE"))


def _check_body(params):
    body = helpers._p(params, "TemplateBody")
    if not body:
        return
    check_sizes(body, helpers._extract_members(params, "Parameters"))
    resources = yaml.load(body, Loader=_Loader).get("Resources") or {}
    check_template(body, _type_of, resources)


def _type_of(name):
    parameter = ssm._parameters.get(name)
    return parameter["Type"] if parameter else ""


def _check_continue(params):
    name = helpers._p(params, "StackName")
    stack = handlers._resolve_stack(name) or {}
    skipped = []
    while each := helpers._p(params, f"ResourcesToSkip.member.{len(skipped) + 1}"):
        skipped.append(each)
    check_continue(name, stack.get("StackStatus", ""), skipped, stack.get("_rollback_failed", {}))


def _check_delete(params):
    status = _status(params)
    if status:
        check_delete(
            helpers._p(params, "StackName"), status, helpers._extract_string_members(params, "RetainResources")
        )


class _Loader(yaml.SafeLoader):
    """Tags of CloudFormation as strings: the rules look at the values around them."""


def _construct_any(loader, suffix, node):
    return f"!{suffix}"


yaml.add_multi_constructor("!", _construct_any, Loader=_Loader)

"""Convert the values of deployment keys to the endpoint and the deployment, and find contradictions between keys."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from iris_model.contract.architecture import Architecture
from iris_model.contract.batch import Batch
from iris_model.contract.deployment import Capture, Deployment, Domain, Vpc
from iris_model.contract.endpoint import ACCOUNT_BURST, ACCOUNT_RATE, Cors, Endpoint, Jwt, Throttling
from iris_model.contract.event_source import describe_events
from iris_model.project.configuration.features import find_feature_conflicts

_MOST_TAGS = 50
_TAGS_OF_OURS = 4
"""Tags on the function: its owner, the accepted version, the one before it, and the memory size while it is tuned."""

# The CORS methods of a function URL do not include OPTIONS: it answers preflight requests itself.
_FUNCTION_URL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")


def take_endpoint(values: Mapping[str, dict[str, Any]]) -> Endpoint:
    """Return the endpoint from the values of all keys, by section and field."""
    top, cors, jwt = values[""], values["cors"], values["jwt"]
    return Endpoint(
        kind=top["endpoint"],
        auth=top["auth"],
        route=top["route"],
        stage=top["stage"],
        cors=Cors(**cors) if cors["allow_origins"] else None,
        throttling=complete_throttling(**values["throttling"]),
        jwt=Jwt(**jwt) if jwt["issuer"] else None,
        more_routes=tuple(top["more_routes"]),
    )


def complete_throttling(rate: float | None, burst: int | None) -> Throttling:
    """Complete a limit that has only a rate or only a burst, because an HTTP API may treat the missing value as 0."""
    if rate is not None and burst is None:
        burst = min(ACCOUNT_BURST, math.ceil(rate))
    elif burst is not None and rate is None:
        rate = ACCOUNT_RATE
    return Throttling(rate, burst)


def take_deployment(values: Mapping[str, dict[str, Any]], project_name: str) -> Deployment:
    """Return the deployment from the values of all keys. All stages share the project's repository."""
    top, vpc, domain = values[""], values["vpc"], values["domain"]
    capture = Capture(**values["capture"])
    events = tuple(values["events"].values())
    batch = Batch(**values["batch"]) if values["batch"]["input"] else None
    return Deployment(
        function=top["name"],
        stack=top["stack"] or name_stack(top["name"]),
        repository=top["repository"] or name_repository(project_name),
        region=top["region"],
        memory=top["memory"],
        timeout=top["timeout"],
        architecture=Architecture(top["architecture"]),
        ephemeral_storage=top["ephemeral_storage"],
        environment={**top["environment"], **capture.variables, **describe_events(events, has_batch=batch is not None)},
        secrets=dict(top["secrets"]),
        endpoint=take_endpoint(values),
        reserved_concurrency=top["reserved_concurrency"],
        provisioned_concurrency=top["provisioned_concurrency"],
        log_retention_days=top["log_retention_days"],
        log_format=top["log_format"] or ("json" if top["log_lines"] == "errors" else "text"),
        log_lines=top["log_lines"],
        tracing=top["tracing"],
        error_alarm=top["error_alarm"],
        error_alarm_threshold=top["error_alarm_threshold"],
        keep_versions=top["keep_versions"],
        role=top["role"],
        permissions_boundary=top["permissions_boundary"],
        tags=dict(top["tags"]),
        vpc=Vpc(**vpc) if vpc["subnets"] else None,
        domain=Domain(**domain) if domain["name"] else None,
        kms_key=top["kms_key"],
        dead_letter=top["dead_letter"],
        on_failure=top["on_failure"],
        on_success=top["on_success"],
        access_log=top["access_log"],
        keep_warm=top["keep_warm"],
        dashboard=top["dashboard"],
        snapstart=top["snapstart"],
        capture=capture,
        events=events,
        batch=batch,
        package_type=top["package_type"],
        handler=top["handler"],
    )


def name_stack(function_name: str) -> str:
    """Return the stack name of a function: CloudFormation requires a letter first, and allows no underscores."""
    name = function_name.replace("_", "-")
    return name if name[0].isalpha() and name.isascii() else f"iris-model-{name.lstrip('-')}"


def name_repository(project_name: str) -> str:
    """Return the repository name of a project: ECR requires small letters, and single separators between them."""
    words = [word for word in project_name.lower().replace("_", "-").split("-") if word]
    name = "-".join(words)
    return name if len(name) >= 2 else f"iris-model-{name or 'function'}"


def name_image(project_name: str) -> str:
    """Return the name of a project's image on this machine.

    Repository names allow one `_`, two, or any number of `-` between letters; function names allow more.
    """
    return re.sub(r"_{3,}|_+-[-_]*|-+_[-_]*", "-", project_name.lower()).strip("-_") or "model"


def find_conflicts(values: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return contradictions between keys that are valid on their own."""
    top, cors, throttling, jwt = values[""], values["cors"], values["throttling"], values["jwt"]
    endpoint, auth = top["endpoint"], top["auth"]
    problems = []
    if auth == "jwt" and not (jwt["issuer"] and jwt["audience"]):
        problems.append('auth = "jwt": expected issuer and audience in [jwt]')
    if auth != "jwt" and (jwt["issuer"] or jwt["audience"]):
        problems.append(f'[jwt] has no effect with auth = "{auth}": expected auth = "jwt"')
    if endpoint != "http-api":
        if auth == "jwt":
            problems.append(f'auth = "jwt" with endpoint = "{endpoint}": only an HTTP API checks tokens')
        if throttling["rate"] is not None or throttling["burst"] is not None:
            way_out = "use reserved-concurrency"
            problems.append(f'[throttling] with endpoint = "{endpoint}": only an HTTP API throttles; {way_out}')
    if endpoint == "none" and cors["allow_origins"]:
        problems.append('[cors] with endpoint = "none": there is no endpoint to call')
    if endpoint == "function-url":
        refused = [method for method in cors["allow_methods"] if method not in _FUNCTION_URL_METHODS]
        if refused:
            problems.append(f"cors.allow-methods: a function URL does not accept {', '.join(refused)}")
    if "*" in cors["allow_origins"] and cors["allow_credentials"]:
        problems.append(
            'cors.allow-credentials = true with "*" in allow-origins: browsers refuse that; list the origins'
        )
    reserved, provisioned = top["reserved_concurrency"], top["provisioned_concurrency"]
    if top["log_lines"] == "errors" and top["log_format"] == "text":
        problems.append(
            'log-lines = "errors" requires log-format = "json": Lambda can filter lines only in that format'
        )
    if reserved is not None and provisioned is not None and provisioned > reserved:
        problems.append(f"provisioned-concurrency = {provisioned} is more than reserved-concurrency = {reserved}")
    if top["role"] and top["permissions_boundary"]:
        problems.append("permissions-boundary has no effect with role: it applies to the role that the stack creates")
    problems += _find_route_conflicts(top, cors)
    problems += _find_tag_conflicts(top)
    if len(top["tags"]) > _MOST_TAGS - _TAGS_OF_OURS:
        problems.append(
            f"tags has {len(top['tags'])} entries; a resource has at most {_MOST_TAGS}, and iris-model uses {_TAGS_OF_OURS}"
        )
    twice = sorted(set(top["environment"]) & set(top["secrets"]))
    problems += [f"secrets.{name}: environment has the same variable" for name in twice]
    problems += find_feature_conflicts(values)
    return problems


def _find_route_conflicts(top: Mapping[str, Any], cors: Mapping[str, Any]) -> list[str]:
    """Return routes that an HTTP API would refuse as duplicates."""
    problems = []
    by_meaning: dict[str, str] = {}
    for route in top["more_routes"]:
        key = route if " " in route else f"ANY {route}"
        other = by_meaning.setdefault(re.sub(r"\{[^}]*?(\+?)\}", r"{\1}", key), route)
        if other.partition("/")[2] != route.partition("/")[2]:
            problems.append(f"more-routes: {other} and {route} are the same route with two names for its variable")
    if cors["allow_origins"] and top["auth"] != "open":
        problems += [
            f'more-routes has "{route}": with [cors] and auth = "{top["auth"]}", iris-model adds this route itself, open to '
            "everybody, because browsers send preflight requests without credentials; remove it"
            for route in top["more_routes"]
            if route.startswith("OPTIONS ")
        ]
    return problems


def _find_tag_conflicts(top: Mapping[str, Any]) -> list[str]:
    """Return problems of tags: names that we reserve, and pairs that the role cannot have at the same time."""
    problems = [
        f"tags.{name}: iris-model sets this tag itself" for name in top["tags"] if f"{name}:".startswith("iris-model:")
    ]
    names: dict[str, str] = {}
    for name in top["tags"] if top["role"] is None else ():
        if (other := names.setdefault(name.lower(), name)) != name:
            problems.append(
                f"tags.{other} and tags.{name}: IAM does not distinguish upper and lower case in tags of a role"
            )
    return problems

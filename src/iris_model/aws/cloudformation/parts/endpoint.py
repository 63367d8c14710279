"""The resources of the HTTPS endpoint: an HTTP API with its routes, a function URL, or none.

Each calls the alias and has a permission on the alias. A permission on the function is not sufficient.
"""

from __future__ import annotations

from typing import Any

from iris_model.aws.cloudformation.logical_ids import ENDPOINT_OUTPUT, FUNCTION, LIVE
from iris_model.aws.cloudformation.parts.access_log import describe_access_log
from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import ref, sub
from iris_model.aws.deployment import ALIAS
from iris_model.aws.notes import find_notes
from iris_model.contract.deployment import Deployment
from iris_model.contract.endpoint import Cors, Endpoint

_AUTHORIZATION = {"open": "NONE", "iam": "AWS_IAM", "jwt": "JWT"}


def add_endpoint(deployment: Deployment) -> Part:
    """Add the resources of the endpoint, and the output with its address."""
    endpoint = deployment.endpoint
    if endpoint.kind == "http-api":
        stage = "" if endpoint.stage == "$default" else f"/{endpoint.stage}"
        host = "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        notes = " ".join(f"{note.text}. {note.hint}" for note in find_notes(deployment) if note.key == "timeout")
        comments = {"Integration": notes} if notes else {}
        return Part(_http_api(deployment), comments, _output(f"{host}{stage}{endpoint.route}"))
    if endpoint.kind == "function-url":
        return Part(_function_url(endpoint), outputs=_output("${FunctionUrl.FunctionUrl}"))
    return Part()


def _output(address: str) -> dict[str, Any]:
    return {ENDPOINT_OUTPUT: {"Description": "Address of the endpoint.", "Value": sub(address)}}


def _http_api(deployment: Deployment) -> dict[str, Any]:
    endpoint = deployment.endpoint
    tags = {"Tags": dict(sorted(deployment.tags.items()))} if deployment.tags else {}
    cors = {"CorsConfiguration": _cors(endpoint.cors)} if endpoint.cors else {}
    api = {"Name": deployment.function, "ProtocolType": "HTTP", **cors, **tags}
    integration = {
        "ApiId": ref("HttpApi"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": ref(LIVE),
        "PayloadFormatVersion": "2.0",
    }
    resources = {
        "HttpApi": {"Type": "AWS::ApiGatewayV2::Api", "Properties": api},
        "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
    }
    if endpoint.auth == "jwt" and endpoint.jwt:
        resources["Authorizer"] = {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": ref("HttpApi"),
                "Name": "jwt",
                "AuthorizerType": "JWT",
                "IdentitySource": ["$request.header.Authorization"],
                "JwtConfiguration": {"Issuer": endpoint.jwt.issuer, "Audience": list(endpoint.jwt.audience)},
            },
        }
    resources |= _routes(endpoint)
    resources["Stage"] = {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {**_stage(deployment), **tags}}
    resources["ApiPermission"] = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": ref(LIVE),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            # Stage, method, path. With several routes, any path is allowed: the API has no other routes.
            "SourceArn": sub(
                "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/*"
                + ("" if endpoint.more_routes else endpoint.route)
            ),
        },
    }
    return resources


def _routes(endpoint: Endpoint) -> dict[str, Any]:
    """Return the routes. The first one always has the id Route, so that existing stacks keep it."""
    resources = {}
    keys = [f"ANY {endpoint.route}", *(key if " " in key else f"ANY {key}" for key in endpoint.more_routes)]
    for index, key in enumerate(dict.fromkeys(keys), 1):
        resources["Route" if index == 1 else f"Route{index}"] = _route(key, endpoint.auth)
    if endpoint.cors and endpoint.auth != "open":
        # Browsers send preflight requests without credentials; ANY would require them.
        for index, path in enumerate(dict.fromkeys(key.partition(" ")[2] for key in keys), 1):
            resources["PreflightRoute" if index == 1 else f"PreflightRoute{index}"] = _route(f"OPTIONS {path}", "open")
    return resources


def _route(key: str, auth: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "ApiId": ref("HttpApi"),
        "RouteKey": key,
        "Target": sub("integrations/${Integration}"),
        "AuthorizationType": _AUTHORIZATION[auth],
    }
    if auth == "jwt":
        properties["AuthorizerId"] = ref("Authorizer")
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}


def _stage(deployment: Deployment) -> dict[str, Any]:
    endpoint = deployment.endpoint
    stage: dict[str, Any] = {"ApiId": ref("HttpApi"), "StageName": endpoint.stage, "AutoDeploy": True}
    limits: dict[str, Any] = {}
    if endpoint.throttling.rate is not None:
        limits["ThrottlingRateLimit"] = endpoint.throttling.rate
    if endpoint.throttling.burst is not None:
        limits["ThrottlingBurstLimit"] = endpoint.throttling.burst
    if limits:
        stage["DefaultRouteSettings"] = limits
    if deployment.access_log:
        stage |= describe_access_log()
    return stage


def _function_url(endpoint: Endpoint) -> dict[str, Any]:
    url: dict[str, Any] = {
        "TargetFunctionArn": ref(FUNCTION),
        "Qualifier": ALIAS,
        "AuthType": "NONE" if endpoint.auth == "open" else "AWS_IAM",
    }
    if endpoint.cors:
        url["Cors"] = _cors(endpoint.cors)
    resources: dict[str, Any] = {"FunctionUrl": {"Type": "AWS::Lambda::Url", "DependsOn": LIVE, "Properties": url}}
    if endpoint.auth == "open":
        # Since October 2025 a public function URL needs both permissions; otherwise it answers 403.
        resources["UrlPermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": ref(LIVE),
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        }
        resources["InvokePermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": ref(LIVE),
                "Action": "lambda:InvokeFunction",
                "Principal": "*",
                "InvokedViaFunctionUrl": True,
            },
        }
    return resources


def _cors(cors: Cors) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "AllowOrigins": list(cors.allow_origins),
        "AllowMethods": list(cors.allow_methods),
        "AllowHeaders": list(cors.allow_headers),
    }
    if cors.expose_headers:
        configuration["ExposeHeaders"] = list(cors.expose_headers)
    if cors.allow_credentials:
        configuration["AllowCredentials"] = True
    if cors.max_age:
        configuration["MaxAge"] = cors.max_age
    return configuration

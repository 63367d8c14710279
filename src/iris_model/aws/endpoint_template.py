"""The resources that make the function answer HTTPS: an HTTP API with its routes, a function URL, or nothing.

Each calls the alias, and each says so in the permission too: a permission on the function would not cover the alias.
"""

from __future__ import annotations

from typing import Any

from iris_model.aws.deployment import ALIAS, Cors, Deployment, Endpoint
from iris_model.aws.yaml_text import ref, sub

_LIVE = "LiveAlias"
_FUNCTION = "Function"
_AUTHORIZATION = {"open": "NONE", "iam": "AWS_IAM", "jwt": "JWT"}


def endpoint_resources(deployment: Deployment) -> dict[str, Any]:
    """Return the resources of the endpoint by logical id."""
    if deployment.endpoint.kind == "http-api":
        return _http_api(deployment)
    if deployment.endpoint.kind == "function-url":
        return _function_url(deployment.endpoint)
    return {}


def endpoint_output(deployment: Deployment, name: str) -> dict[str, Any]:
    """Return the output that holds the address to call."""
    endpoint = deployment.endpoint
    if endpoint.kind == "http-api":
        stage = "" if endpoint.stage == "$default" else f"/{endpoint.stage}"
        host = "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
        return {name: {"Description": "The address to call.", "Value": sub(f"{host}{stage}{endpoint.route}")}}
    if endpoint.kind == "function-url":
        return {name: {"Description": "The address to call.", "Value": sub("${FunctionUrl.FunctionUrl}")}}
    return {}


def _http_api(deployment: Deployment) -> dict[str, Any]:
    endpoint = deployment.endpoint
    tags = {"Tags": dict(sorted(deployment.tags.items()))} if deployment.tags else {}
    cors = {"CorsConfiguration": _cors(endpoint.cors)} if endpoint.cors else {}
    api = {"Name": deployment.function, "ProtocolType": "HTTP", **cors, **tags}
    integration = {
        "ApiId": ref("HttpApi"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": ref(_LIVE),
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
    resources["Stage"] = {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {**_stage(endpoint), **tags}}
    resources["ApiPermission"] = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": ref(_LIVE),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            # Stage, method, path. With several routes any path of this API: it has none but ours.
            "SourceArn": sub(
                "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/*"
                + ("" if endpoint.more_routes else endpoint.route)
            ),
        },
    }
    return resources


def _routes(endpoint: Endpoint) -> dict[str, Any]:
    """The first route is called Route, whatever follows: a stack that has it keeps it."""
    resources = {}
    keys = [f"ANY {endpoint.route}", *(key if " " in key else f"ANY {key}" for key in endpoint.more_routes)]
    for index, key in enumerate(dict.fromkeys(keys), 1):
        resources["Route" if index == 1 else f"Route{index}"] = _route(key, endpoint.auth)
    if endpoint.cors and endpoint.auth != "open":
        # Browsers ask without credentials first; ANY would demand them.
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


def _stage(endpoint: Endpoint) -> dict[str, Any]:
    stage: dict[str, Any] = {"ApiId": ref("HttpApi"), "StageName": endpoint.stage, "AutoDeploy": True}
    limits: dict[str, Any] = {}
    if endpoint.throttling.rate is not None:
        limits["ThrottlingRateLimit"] = endpoint.throttling.rate
    if endpoint.throttling.burst is not None:
        limits["ThrottlingBurstLimit"] = endpoint.throttling.burst
    if limits:
        stage["DefaultRouteSettings"] = limits
    return stage


def _function_url(endpoint: Endpoint) -> dict[str, Any]:
    url: dict[str, Any] = {
        "TargetFunctionArn": ref(_FUNCTION),
        "Qualifier": ALIAS,
        "AuthType": "NONE" if endpoint.auth == "open" else "AWS_IAM",
    }
    if endpoint.cors:
        url["Cors"] = _cors(endpoint.cors)
    resources: dict[str, Any] = {"FunctionUrl": {"Type": "AWS::Lambda::Url", "DependsOn": _LIVE, "Properties": url}}
    if endpoint.auth == "open":
        # Since October 2025 a public function URL needs both; with one of them it answers 403.
        resources["UrlPermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": ref(_LIVE),
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        }
        resources["InvokePermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": ref(_LIVE),
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

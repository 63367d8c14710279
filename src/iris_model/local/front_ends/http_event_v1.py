"""Build the Lambda event of payload format 1.0 from an HTTP request, as API Gateway's HTTP API does.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html. Unlike format
2.0, empty values are null, cookies stay among the headers, and `multiValue*` has every value of a repeated name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from iris_model.local.front_ends.http_event import (
    HOP_BY_HOP,
    FrontEnd,
    HttpRequest,
    MatchedRoute,
    decode_path,
    encode_body,
    format_time,
    gateway_headers,
)

_IDENTITY = (
    "accessKey accountId caller cognitoAuthenticationProvider cognitoAuthenticationType cognitoIdentityId "
    "cognitoIdentityPoolId principalOrgId sourceIp user userAgent userArn clientCert"
).split()


def build_event_v1(
    request: HttpRequest, route: MatchedRoute, front: FrontEnd, *, request_id: str, trace_id: str, now: datetime
) -> dict[str, Any]:
    """Return the event. Its keys are in the order of AWS."""
    headers = _collect_headers(request, trace_id)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.raw_query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    lower = {name.lower(): values[-1] for name, values in headers.items()}
    path = decode_path(request.raw_path)
    resource = route.route_key.rpartition(" ")[2]
    domain = lower.get("host", "localhost").partition(":")[0]
    identity: dict[str, Any] = dict.fromkeys(_IDENTITY)
    identity |= {"sourceIp": request.source_ip, "userAgent": lower.get("user-agent", "")}
    body, is_base64 = encode_body(request.body, lower.get("content-type", ""))
    return {
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        # The documentation's example keeps the last value of a header, and the first value of a query parameter.
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[0] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": {
            "accountId": front.account_id,
            "apiId": front.api_id,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "extendedRequestId": request_id,
            "httpMethod": request.method,
            "identity": identity,
            "path": path,
            "protocol": request.protocol,
            "requestId": request_id,
            "requestTime": format_time(now.astimezone(UTC)),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": route.route_key,
            "resourcePath": resource,
            "stage": route.stage,
        },
        "pathParameters": dict(route.path_parameters) or None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _collect_headers(request: HttpRequest, trace_id: str) -> dict[str, list[str]]:
    """Return the headers with their original names, each with all its values."""
    names: dict[str, str] = {}
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        lower = name.lower()
        if lower not in HOP_BY_HOP:
            headers.setdefault(names.setdefault(lower, name), []).append(value)
    forwarded = headers.pop(names.get("x-forwarded-for", ""), [])
    for lower, value in gateway_headers(request, trace_id, ",".join(forwarded)).items():
        if lower == "x-amzn-trace-id" and lower in names:
            continue
        headers[names.get(lower, lower)] = [value]
    return dict(sorted(headers.items()))

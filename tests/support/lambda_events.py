"""Events as the front ends of Lambda send them: shapes from lambda-contract 5, every key that they have."""

from __future__ import annotations

import base64
from typing import Any


def http_api_2(
    body: str | bytes | None, content_type: str | None = "application/json", *, method: str = "POST", **headers: str
) -> dict[str, Any]:
    """An HTTP API event with payload format 2.0; a body in bytes comes as base64, as API Gateway sends it."""
    sent = {"accept": "*/*", "host": "abc123.execute-api.us-east-1.amazonaws.com", "user-agent": "curl/8.5.0"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    if content_type is not None:
        sent["content-type"] = content_type
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "ANY /iris-prediction",
        "rawPath": "/default/iris-prediction",
        "rawQueryString": "",
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": "/default/iris-prediction",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "ANY /iris-prediction",
            "stage": "default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def rest_1(body: str | None, content_type: str = "application/json", *, method: str = "POST") -> dict[str, Any]:
    """A REST API event (payload format 1.0), with its nulls."""
    return {
        "version": "1.0",
        "resource": "/iris-prediction",
        "path": "/iris-prediction",
        "httpMethod": method,
        "headers": {"Content-Type": content_type},
        "multiValueHeaders": {"Content-Type": [content_type]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "httpMethod": method,
            "path": "/iris-prediction",
            "protocol": "HTTP/1.1",
            "requestId": "id=",
            "resourcePath": "/iris-prediction",
            "stage": "$default",
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": False,
    }


def alb(body: str, *, multi_value: bool = False) -> dict[str, Any]:
    """An Application Load Balancer event; with `multi_value` the target group has lists of values enabled."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/iris/6d0ecf831eec9f09"
    headers = {"content-type": "application/json", "host": "iris.example"}
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": "POST",
        "path": "/",
        "body": body,
        "isBase64Encoded": False,
    }
    if multi_value:
        event["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
        event["multiValueQueryStringParameters"] = {}
    else:
        event["headers"] = headers
        event["queryStringParameters"] = {}
    return event

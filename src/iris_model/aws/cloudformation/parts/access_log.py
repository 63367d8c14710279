"""`access-log`: the HTTP API writes one line of JSON for each request."""

from __future__ import annotations

import json
from typing import Any

from iris_model.aws.cloudformation.parts.part import Part, tag_list
from iris_model.aws.cloudformation.yaml_text import get_att
from iris_model.contract.deployment import Deployment

ACCESS_LOG = "AccessLog"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
_FIELDS = {
    "time": "requestTimeEpoch", "requestId": "requestId", "ip": "identity.sourceIp", "userAgent": "identity.userAgent",
    "method": "httpMethod", "path": "path", "route": "routeKey", "protocol": "protocol", "status": "status",
    "bytes": "responseLength", "latencyMs": "responseLatency", "functionMs": "integrationLatency",
    "functionRequestId": "integration.requestId", "error": "error.message", "functionError": "integrationErrorMessage",
}  # fmt: skip

_COMMENT = "One line of JSON for each request, with the client address. Deleted with the stack."


def describe_access_log() -> dict[str, Any]:
    """Return the settings of the HTTP API's stage."""
    form = json.dumps({name: f"$context.{variable}" for name, variable in _FIELDS.items()}, separators=(",", ":"))
    return {"AccessLogSettings": {"DestinationArn": get_att(f"{ACCESS_LOG}.Arn"), "Format": form}}


def add_access_log(deployment: Deployment) -> Part:
    """Add the log group, which the stage of the HTTP API uses."""
    if not deployment.access_log:
        return Part()
    group = {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": deployment.access_log_group,
            "RetentionInDays": deployment.log_retention_days,
            **tag_list(deployment),
        },
    }
    return Part(resources={ACCESS_LOG: group}, comments={ACCESS_LOG: _COMMENT})

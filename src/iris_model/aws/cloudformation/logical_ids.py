"""The logical ids of the template's parameter, main resources and outputs."""

from __future__ import annotations

LIVE_VERSION = "LiveVersion"
FUNCTION, LIVE, LOG_GROUP, ROLE, ALARM = "Function", "LiveAlias", "LogGroup", "Role", "ErrorAlarm"

ENDPOINT_OUTPUT, VERSION_OUTPUT, DOMAIN_OUTPUT = "Endpoint", "Version", "DomainEndpoint"
BATCH_OUTPUT = "BatchStateMachine"
"""The outputs that `deploy`, `status` and `batch` read."""

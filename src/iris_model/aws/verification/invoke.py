"""Invoke a function through the Invoke API: returns answer, error and the tail of the log."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.errors import DeploymentError

# The image of an inactive function must be loaded again: 40 to 106 seconds were observed.
_PENDING = ("CodeArtifactUserPendingException", "ResourceNotReadyException")
_PENDING_SECONDS = 240
_PENDING_PAUSE_SECONDS = 5


@dataclass(frozen=True)
class InvocationResult:
    """The result of an invocation."""

    payload: str
    function_error: str
    log: str
    version: str


def invoke(
    aws: Aws, function: str, qualifier: str, payload: bytes, on_step: OnStep = lambda step: None
) -> InvocationResult:
    """Invoke one version or an alias. Waits while Lambda loads the image of an inactive function."""
    deadline = aws.clock() + _PENDING_SECONDS
    while True:
        answer = aws.call(
            "lambda", "Invoke", f"function {function}:{qualifier}", absent=_PENDING, FunctionName=function,
            Qualifier=qualifier, Payload=payload, LogType="Tail",
        )  # fmt: skip
        if answer:
            break
        if aws.clock() > deadline:
            raise DeploymentError(
                f"function {function}: Lambda has been pulling its image for more than {_PENDING_SECONDS // 60} minutes",
                remedy="Wait, then run the same command again. `iris-model status` shows the state.",
            )
        on_step(f"Lambda loads the image of {function}, which was inactive for weeks")
        aws.sleep(_PENDING_PAUSE_SECONDS)
    body = answer.get("Payload", b"")
    return InvocationResult(
        payload=body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body),
        function_error=str(answer.get("FunctionError", "")),
        log=base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
        version=str(answer.get("ExecutedVersion", "")),
    )

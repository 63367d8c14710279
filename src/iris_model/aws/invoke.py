"""One invocation through the Invoke API: payload in; answer, error and the tail of the log out."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from iris_model.aws.calls import Aws, OnStep
from iris_model.errors import DeploymentError

# A function that was not called for weeks has to be fetched again: 40 to 106 seconds were seen.
_PENDING = ("CodeArtifactUserPendingException", "ResourceNotReadyException")
_PENDING_SECONDS = 240
_PENDING_PAUSE_SECONDS = 5


@dataclass(frozen=True)
class Invocation:
    """What an invocation gave."""

    payload: str
    function_error: str
    log: str
    version: str


def invoke(aws: Aws, function: str, qualifier: str, payload: bytes, on_step: OnStep = lambda step: None) -> Invocation:
    """Invoke one version, or an alias; waits while Lambda fetches the image of an inactive function."""
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
                f"function {function}: Lambda is fetching its image for more than {_PENDING_SECONDS // 60} minutes",
                remedy="Wait, and run the same command again; iris-model status shows its state.",
            )
        on_step(f"Lambda fetches the image of {function}, which was not called for weeks")
        aws.sleep(_PENDING_PAUSE_SECONDS)
    body = answer.get("Payload", b"")
    return Invocation(
        payload=body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body),
        function_error=str(answer.get("FunctionError", "")),
        log=base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace"),
        version=str(answer.get("ExecutedVersion", "")),
    )

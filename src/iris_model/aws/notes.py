"""Find behavior of AWS that may surprise a user: notes about a deployment, with hints.

The template has them as comments; the plan and `doctor` show them.
"""

from __future__ import annotations

from typing import NamedTuple

from iris_model.contract.deployment import Deployment

HTTP_API_SECONDS = 30
"""Seconds that an HTTP API waits: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""


class Note(NamedTuple):
    """A sentence without its full stop, and a hint."""

    text: str
    hint: str
    key: str = "timeout"
    """The key of `iris-model.toml` that the note is about."""


def find_notes(deployment: Deployment) -> list[Note]:
    """Return the notes about a deployment."""
    notes = []
    if deployment.endpoint.kind == "http-api" and deployment.timeout > HTTP_API_SECONDS:
        notes.append(
            Note(
                f"timeout is {deployment.timeout} s, and an HTTP API waits {HTTP_API_SECONDS} s: after that the "
                f"client gets status 503, while the function keeps running and is billed",
                'Set endpoint = "function-url", which has no such limit, or timeout = 30.',
            )
        )
    if deployment.keep_warm and deployment.on_success:
        notes.append(
            Note(
                "EventBridge sends pings asynchronously, so on-success gets a record for each ping of keep-warm",
                'Remove one of the two, or ignore records with {"warm": true}.',
                "keep-warm",
            )
        )
    return notes

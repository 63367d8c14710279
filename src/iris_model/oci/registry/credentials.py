"""Credentials for a registry, and where they come from. They never show themselves in a `repr`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from iris_model.errors import OciError


@dataclass(frozen=True)
class Credentials:
    """A user's name and password, or a token in their place."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """A refresh token: the token endpoint gives access tokens for it (OAuth 2)."""

    registry_token: str = field(default="", repr=False)
    """An access token, sent to the registry as it is."""

    @classmethod
    def from_basic(cls, encoded: str, where: str = "the token") -> Credentials:
        """From `user:password` in base64: what Docker's config file keeps, and what ECR's GetAuthorizationToken returns."""
        try:
            username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            colon = ""
        if not colon:
            raise OciError(
                f"{where}: it is not user:password in base64",
                remedy="Log in again (docker login), or ask for a new token.",
            )
        return cls(username, password.rstrip("\0"))

    @property
    def basic(self) -> str:
        """The value of an Authorization header, empty without a password."""
        if not self.password:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must not be shown, in every form it is sent in."""
        return tuple(
            filter(None, (self.password, self.identity_token, self.registry_token, self.basic.removeprefix("Basic ")))
        )


ANONYMOUS = Credentials()

CredentialSource = Callable[[str], Credentials]
"""A registry's name to credentials, `ANONYMOUS` when there are none."""


def fixed(credentials: Credentials) -> CredentialSource:
    """A source that was handed one answer, whatever the registry."""
    return lambda registry: credentials


def anonymous(registry: str) -> Credentials:
    """A source without any."""
    return ANONYMOUS

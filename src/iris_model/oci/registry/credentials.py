"""Credentials for a registry, and their sources. They are hidden in `repr`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field

from iris_model.errors import OciError


@dataclass(frozen=True)
class Credentials:
    """A user name and a password, or a token instead."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """A refresh token. The token endpoint exchanges it for access tokens (OAuth 2)."""

    registry_token: str = field(default="", repr=False)
    """An access token, sent to the registry as it is."""

    @classmethod
    def from_basic(cls, encoded: str, where: str = "the token") -> Credentials:
        """Decode `user:password` in base64, as in Docker's config file and in ECR's GetAuthorizationToken."""
        try:
            username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            colon = ""
        if not colon:
            raise OciError(
                f"{where}: not user:password in base64",
                remedy="Log in again (docker login), or ask for a new token.",
            )
        return cls(username, password.rstrip("\0"))

    @property
    def basic(self) -> str:
        """Return the value of an Authorization header, "" without a password."""
        if not self.password:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return all secrets, in every form in which they are sent."""
        return tuple(
            filter(None, (self.password, self.identity_token, self.registry_token, self.basic.removeprefix("Basic ")))
        )


ANONYMOUS = Credentials()

CredentialSource = Callable[[str], Credentials]
"""Returns the credentials for the name of a registry, `ANONYMOUS` if there are none."""


def fixed(credentials: Credentials) -> CredentialSource:
    """Return a source of the same credentials for every registry."""
    return lambda registry: credentials


def anonymous(registry: str) -> Credentials:
    """Return no credentials."""
    return ANONYMOUS

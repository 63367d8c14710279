"""Addresses from registries: join, compare, and refuse invalid ones."""

from __future__ import annotations

import ipaddress
from urllib.parse import urljoin, urlsplit

from iris_model.errors import RegistryError

_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def origin_of(url: str) -> Origin:
    """Return scheme, host and port; the host is "" for an invalid URL.

    Credentials are sent only to the same origin.
    """
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def host_of(url: str) -> str:
    """Return host and port as written, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def join_address(base: str, location: str, what: str) -> str:
    """Return the URL of `location`, which may be relative to `base`. Raises RegistryError if it is invalid."""
    try:
        joined = urljoin(base, location)
        if origin_of(joined)[1]:
            return joined
    except ValueError:
        pass
    raise RegistryError(
        f"{what}: the registry redirects to {location[:200]!r}, which is not an address",
        remedy="Check that this is the address of a registry.",
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

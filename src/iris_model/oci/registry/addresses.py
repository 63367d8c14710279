"""Addresses that registries name: joined, compared, and refused when they are none."""

from __future__ import annotations

import ipaddress
from urllib.parse import urljoin, urlsplit

from iris_model.errors import RegistryError

_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


def origin_of(url: str) -> Origin:
    """Scheme, host and port: who gets credentials and who does not is decided by all three. No host where it is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def host_of(url: str) -> str:
    """Host and port as written, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def join_address(base: str, location: str, what: str) -> str:
    """Where `location` leads from `base`; it may be relative, absolute, or nonsense."""
    try:
        joined = urljoin(base, location)
        if origin_of(joined)[1]:
            return joined
    except ValueError:
        pass
    raise RegistryError(
        f"{what}: the registry sends us to {location[:200]!r}, which is no address", remedy="Is this a registry?"
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

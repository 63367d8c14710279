"""Keeps other web sites away from the page's endpoints. Headers in; the reason for a refusal out, or nothing.

Any site that a developer visits can make his browser send requests to 127.0.0.1. Two things stop it here. A name that is
not ours is refused, because a site may let its own name point to this machine (DNS rebinding) and then counts as the same
origin. And a browser tells where a request comes from (`Origin`, `Sec-Fetch-Site`); from elsewhere it is refused. Clients
that are no browsers send neither header, and are nobody's accomplice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

# How Docker Desktop lets containers name the machine that they run on.
_ALIASES = ("localhost", "host.docker.internal")


def find_foreign(headers: Mapping[str, str], *, served_host: str, is_navigation_allowed: bool = False) -> str:
    """Say why a request is refused; "" when it is not.

    `served_host` is the address that the service was told to listen on. A link on another site may lead to the page itself
    (`is_navigation_allowed`), which shows nothing to that site.
    """
    host = headers.get("Host", "")
    name = _name_of(host)
    if name is None or not (_is_ours(name) or name == served_host.lower()):
        return f"the request is for the host {host!r}; expected an address of this machine, such as 127.0.0.1"
    origin = headers.get("Origin")
    if origin is not None and _split_origin(origin) != ("http", host.lower()):
        return f"the request comes from {origin}; expected http://{host}, which is this page"
    site = headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin"):
        if is_navigation_allowed and headers.get("Sec-Fetch-Mode") == "navigate":
            return ""
        return f"the request comes from another site (Sec-Fetch-Site: {site}); expected this page"
    return ""


def find_foreign_call(method: str, headers: Mapping[str, str], *, served_host: str, is_loopback: bool) -> str:
    """The same for what stands for AWS: the Invoke API and its kin. In the cloud a signature keeps others out; here nobody signs.

    Programs may call this machine what they like, unless the name could be one of a web site's: a browser that was sent here
    by DNS says nothing of itself when it reads (GET), only when it posts. Who listens beyond loopback has opened the door.
    """
    is_browser = "Origin" in headers or "Sec-Fetch-Site" in headers
    if is_browser or (method in ("GET", "HEAD") and is_loopback):
        return find_foreign(headers, served_host=served_host)
    return ""


def _split_origin(origin: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.scheme, parts.netloc.lower()


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_ours(name: str) -> bool:
    # A number is no name: nobody can make it point elsewhere.
    if name in _ALIASES or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

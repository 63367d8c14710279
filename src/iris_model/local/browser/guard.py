"""Refuse requests of other web sites to the page's endpoints. Functions return the reason for a refusal, or "".

Any site that a developer visits can make the browser send requests to 127.0.0.1. Two checks prevent this. First, a
foreign host name is refused, because a site may point its own name to this machine (DNS rebinding); the browser then
considers both the same origin. Second, browsers send the origin of a request (`Origin`, `Sec-Fetch-Site`), and another
origin is refused. Other clients send neither header and are not at risk.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

# Docker Desktop's name for the host, inside containers.
_ALIASES = ("localhost", "host.docker.internal")


def find_foreign(headers: Mapping[str, str], *, served_host: str, is_navigation_allowed: bool = False) -> str:
    """Return why a request is refused, or "".

    `served_host` is the address that the service listens on. `is_navigation_allowed`: a link on another site may open
    the page. That site cannot read the page.
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
    """Return why a call of an endpoint that imitates AWS is refused, or "".

    In the cloud, signatures protect these endpoints; here, signatures are not checked. Programs may use any host name,
    with one exception: on loopback, a GET or HEAD request must not use a name that a web site could own, because with
    DNS rebinding a browser sends an origin only with POST. If the service listens beyond loopback, the user has allowed
    access.
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
    # An IP address is not a name, so no web site can point it to this machine.
    if name in _ALIASES or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

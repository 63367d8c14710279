"""Find the proxy for a request in the environment, and its user name and password. SOCKS proxies are refused."""

from __future__ import annotations

import base64
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from iris_model.errors import RegistryError
from iris_model.oci.registry.addresses import is_loopback, origin_of


def proxy_for(url: str) -> str:
    """Return the URL of the proxy for a request, or "" if it needs none, such as a request to this machine.

    Raises RegistryError if the environment names a proxy that cannot be used. The message has no password.
    """
    scheme, host, port = origin_of(url)
    if is_loopback(host) or proxy_bypass(f"{host}:{port}"):
        return ""
    proxies = getproxies_environment()
    kind = scheme if proxies.get(scheme) else "all"
    proxy = proxies.get(kind) or ""
    if not proxy:
        return ""
    return _checked(proxy if "://" in proxy else f"http://{proxy}", f"{kind.upper()}_PROXY", host)


def user_of(proxy: str) -> dict[str, str]:
    """Return the header with the user and password of a proxy's URL. In the URL they are percent-encoded."""
    user = urlsplit(proxy).netloc.rpartition("@")[0]
    if not user:
        return {}
    return {"proxy-authorization": f"Basic {base64.b64encode(unquote_to_bytes(user)).decode()}"}


def _checked(proxy: str, variable: str, host: str) -> str:
    scheme = proxy.partition("://")[0].lower()
    problem = ""
    if scheme not in ("http", "https"):
        known = "SOCKS proxies are not supported" if scheme.startswith("socks") else "the proxy must speak HTTP"
        problem = f"{variable} begins with {scheme}://, expected http:// or https://: {known}"
    elif not origin_of(proxy)[1]:
        problem = f"{variable} is not an address, expected http://HOST:PORT"
    if problem:
        remedy = f"Set {variable} to the address of an HTTP proxy, or list {host} in NO_PROXY."
        raise RegistryError(problem, remedy=remedy)
    return proxy

"""Send one event to a running function, through its Invoke API or an HTTP front end."""

from __future__ import annotations

import base64
import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

import iris_model
from iris_model.errors import IrisModelError

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; AWS's emulator names every function `function`.
INVOKE_PATH = "/2015-03-31/functions/function/invocations"
_INVOKE_API = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")

# Longer than the longest possible invocation.
TIMEOUT_SECONDS = 910


@dataclass(frozen=True)
class Answer:
    """A response. `function_error` is the error type of the function, `log` the end of its log if requested."""

    payload: bytes
    function_error: str | None = None
    log: str = ""


def post_event(url: str, payload: bytes, *, log: bool) -> Answer:
    """Send the event and wait for the answer."""
    url, is_invoke_api = _resolve(url)
    opener = _opener(url)
    headers = {"Content-Type": "application/json", "User-Agent": f"iris-model/{iris_model.__version__}"}
    if is_invoke_api and log:
        headers["X-Amz-Log-Type"] = "Tail"
    request = urllib.request.Request(url, data=payload, headers=headers, method="POST")  # noqa: S310 - checked: http(s)
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            body: bytes = response.read()
            tail = base64.b64decode(response.headers.get("X-Amz-Log-Result", ""))
            return Answer(body, response.headers.get("X-Amz-Function-Error"), tail.decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            body = error.read()
        if is_invoke_api:
            # The service refused the request; the function was not called.
            raise IrisModelError(
                f"{url} answered {error.code} {error.reason}: {body.decode('utf-8', 'replace').strip()[:500]}",
                remedy="Check the function name in the URL, and the size of the payload.",
            ) from None
        return Answer(body, f"HTTP {error.code} {error.reason}")
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise IrisModelError(
            f"{url} did not answer: {reason}",
            remedy="Check that it is running; `iris-model serve` starts one on this machine.",
        ) from None


def _resolve(url: str) -> tuple[str, bool]:
    """Return the URL for the request, and whether it is an Invoke API. For a bare host, use its Invoke API."""
    try:
        parts = urllib.parse.urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an IPv6 address, or an invalid port
        is_address = False
    if not is_address:
        raise IrisModelError(
            f"--url {url} is not an HTTP address: expected http://HOST:PORT or https://HOST/PATH",
            remedy="Use an address such as --url http://127.0.0.1:9000",
        )
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise IrisModelError(
            f"--url {url!r} has characters that no address has: expected letters, digits and signs of ASCII",
            remedy="Write other characters as browsers send them: a space as %20, an ü as %C3%BC.",
        )
    if parts.path in ("", "/"):
        parts = parts._replace(path=INVOKE_PATH)
    return parts.geturl(), _INVOKE_API.fullmatch(parts.path) is not None


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Return what sends the request: through the proxy of the environment, but never to this machine.

    Raises IrisModelError if the environment names a proxy that cannot be used.
    """
    if not urllib.request.getproxies_environment():
        return urllib.request.build_opener()
    # Imported only here: it brings the whole client of registries.
    from iris_model.oci.registry.proxies import proxy_for

    proxy = proxy_for(url)
    return urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}))

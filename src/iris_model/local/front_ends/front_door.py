"""The port of the service. It answers plain invocations itself, and hands other connections over to aiohttp.

The hot path is an invocation over a kept-alive connection, with a simple head and a body of known length. A connection
with any other request (chunked, `Expect`, another path, invalid HTTP) is handed over before a byte is consumed. From
then on aiohttp answers it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from email.utils import formatdate
from time import time
from urllib.parse import unquote

from iris_model.contract.lambda_limits import MOST_REQUEST_BYTES
from iris_model.local.front_ends.api_messages import ApiRequest, ApiResponse
from iris_model.local.front_ends.invoke_api import InvokeApi
from iris_model.local.wire.door import Door
from iris_model.local.wire.http1 import Head, encode_response

_INVOCATION = re.compile(r"/2015-03-31/functions/([^/?#]+)/invocations")
# Headers that change how a request is read, and headers of browsers. aiohttp handles requests with these.
_CEREMONY = ("expect", "upgrade", "transfer-encoding", "content-encoding", "origin", "sec-fetch-site")


class FrontDoor(Door):
    """One client of the service."""

    def __init__(
        self, api: InvokeApi, make_other: Callable[[], asyncio.Protocol], open_doors: set[Door] | None = None
    ) -> None:
        """`make_other` makes the protocol for other requests. `open_doors` contains this connection while open."""
        super().__init__(make_other, open_doors, max_body_bytes=MOST_REQUEST_BYTES)
        self._api = api

    def takes(self, head: Head) -> bool:
        """Whether the request is a plain invocation."""
        return (
            head.method == "POST"
            and not head.is_repeating
            and head.content_length <= MOST_REQUEST_BYTES
            and not any(name in head.headers for name in _CEREMONY)
            and _INVOCATION.fullmatch(head.target) is not None
        )

    def handle(self, head: Head, body: bytes, size: int) -> None:
        """Answer one invocation."""
        match = _INVOCATION.fullmatch(head.target)
        assert match is not None
        request = ApiRequest(unquote(match[1]), None, head.headers, body)
        keeps_alive = head.keeps_alive
        # An HTTP/1.0 client (ApacheBench) keeps the connection only if the response has this header.
        connection = "Connection: keep-alive\r\n" if keeps_alive and head.version == "HTTP/1.0" else ""
        self._api.start(
            request, lambda response: self.reply(_encode(response, connection, keeps_alive), keeps_alive=keeps_alive)
        )


_date: tuple[int, str] = (0, "")


def _encode(response: ApiResponse, connection: str, keeps_alive: bool) -> bytes:
    global _date
    second = int(time())
    if _date[0] != second:
        _date = (second, formatdate(second, usegmt=True))
    headers = f"Date: {_date[1]}\r\n{connection}"
    if response.content_type and response.status != 204:
        headers += f"Content-Type: {response.content_type}\r\n"
    for name, value in response.headers.items():
        headers += f"{name}: {value}\r\n"
    return encode_response(response.status, headers, response.body, closes=not keeps_alive)

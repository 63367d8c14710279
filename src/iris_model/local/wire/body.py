"""Read the body of a client's request, up to a limit.

A client may ask first ("Expect: 100-continue"). `read_body` answers after it has checked the length. By default,
aiohttp answers before the handler runs, so the client would send a body that is too large.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from iris_model.local.wire import http1

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyTooLarge(Exception):
    """The body has more bytes than the limit."""


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the whole body. Raises BodyTooLarge as soon as the body is known to exceed `limit`.

    A client that pauses longer than `http1.READ_SECONDS` gets 408, and its connection is closed.
    """
    if (request.content_length or 0) > limit:
        raise BodyTooLarge
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(_CONTINUE)
    chunks: list[bytes] = []
    size = 0
    try:
        while True:
            async with asyncio.timeout(http1.READ_SECONDS):
                chunk = await request.content.readany()
            if not chunk:
                break
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge
            chunks.append(chunk)
    except TimeoutError:
        if request.transport is not None:
            # Write the response here, because aiohttp would wait some more seconds for the rest of the body.
            request.transport.write(http1.encode_response(408, "", b"", closes=True))
            request.transport.close()
        raise web.HTTPRequestTimeout from None
    except ConnectionError:
        raise web.HTTPBadRequest from None  # the client has disconnected: avoid a traceback in the log
    return b"".join(chunks)


async def leave_expect(request: web.Request) -> None:
    """Do not answer `Expect` yet: the `expect_handler` of all routes, because their handlers read with `read_body`."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed


async def close_unread(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Close the connection after an answer that came before the end of the body: later bytes may belong to the body."""
    if not request.content.is_eof():
        response.force_close()
        response.headers["Connection"] = "close"

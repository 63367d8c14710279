"""Reads the body of a client's request, and no more of it than allowed."""

from __future__ import annotations

from aiohttp import web


class BodyTooLarge(Exception):
    """The body has more bytes than the limit."""


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """The whole body, or `BodyTooLarge` as soon as it is known to be longer than `limit`."""
    if (request.content_length or 0) > limit:
        raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)

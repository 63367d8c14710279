"""Answer clients that have closed their writing side.

aiohttp closes a connection when the client closes its side, and drops the answer to a complete request (`printf ... |
nc -N`, some proxies). This class is between the transport and aiohttp's protocol. It keeps the connection open until
the answer is written.
"""

from __future__ import annotations

import asyncio
from typing import Any

_TURNS = 3
_AGAIN_SECONDS = 0.02


class HalfClosed(asyncio.Protocol):
    """Passes everything on to `other`, an aiohttp protocol, except the client's end of file."""

    def __init__(self, other: Any) -> None:
        self._other = other
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._other.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        self._is_lost = True
        self._other.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._other.data_received(data)

    def pause_writing(self) -> None:
        """Called by asyncio."""
        self._other.pause_writing()

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self._other.resume_writing()

    def eof_received(self) -> bool:
        """Keep the connection while complete requests are answered. aiohttp closes it after the last answer."""
        self._look(_TURNS, [])
        return True

    def _look(self, turns: int, before: list[Any]) -> None:
        if self._is_lost:
            return
        # These are private attributes of aiohttp. If they are absent, the connection closes as without this class.
        request = getattr(self._other, "_current_request", None)
        bodies = [request.content] if request is not None else []
        bodies += [body for _, body in getattr(self._other, "_messages", ())]
        # After aiohttp has taken a request and before it starts to answer, it yields to the loop, and the request is
        # not visible. So act only when the same requests were seen in several turns of the loop.
        if turns or bodies != before:
            turns = turns - 1 if bodies == before else _TURNS
            asyncio.get_running_loop().call_soon(self._look, turns, bodies)
        elif not bodies or not bodies[0].is_eof():
            self._other.force_close()
        elif len(bodies) == 1:
            self._other.close()
        else:
            # `close` would drop the requests that wait behind this one.
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._look, _TURNS, bodies)

"""The page at `/` and the little it asks of the service: what functions there are, and what they have logged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from iris_model.local.function import LocalFunction
from iris_model.local.logs import LogBook

_PAGE = Path(__file__).parent / "page"
_FILES = {
    "index.html": "text/html",
    "playground.css": "text/css",
    "playground.js": "text/javascript",
}
# The page loads nothing from elsewhere and is framed by nobody. Model cards are text, never markup.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Playground:
    """Serves the page's files, and its data as JSON."""

    def __init__(self, functions: Iterable[LocalFunction], *, log_book: LogBook) -> None:
        self._functions = list(functions)
        self._log_book = log_book

    async def handle_page(self, request: web.Request) -> web.StreamResponse:
        """`/` and the files that it names."""
        name = request.match_info.get("file", "index.html")
        if name not in _FILES:
            raise web.HTTPNotFound
        body = (_PAGE / name).read_bytes()
        return web.Response(body=body, content_type=_FILES[name], charset="utf-8", headers=_HEADERS)

    async def handle_functions(self, request: web.Request) -> web.StreamResponse:
        """The functions, with the paths that reach them."""
        described = []
        for function in self._functions:
            settings = function.settings
            prefix = "" if settings.stage == "$default" else f"/{settings.stage}"
            described.append(
                {
                    "name": settings.name,
                    "arn": settings.arn,
                    "memory": settings.memory_mib,
                    "timeout": settings.timeout_seconds,
                    "sandboxes": function.pool.sandbox_count,
                    "invocations": f"/2015-03-31/functions/{settings.name}/invocations",
                    "route": prefix + settings.route.rpartition(" ")[2],
                }
            )
        return web.json_response({"functions": described})

    async def handle_log(self, request: web.Request) -> web.StreamResponse:
        """The log lines newer than `?after=SEQUENCE`."""
        try:
            after = int(request.query.get("after", "0"))
        except ValueError:
            return web.json_response({"message": "after is not a number; expected a line's sequence"}, status=400)
        return web.json_response({"lines": self._log_book.after(after)})

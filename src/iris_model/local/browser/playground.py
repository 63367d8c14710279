"""The page at `/` and its endpoints: functions, training data, test events, and the growing log.

These endpoints exist only for the page, not in the cloud. They answer this page and programs on this machine, and
refuse other web sites (`page_guard`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from iris_model.local.browser.api_docs import INDEX as DOCS_INDEX
from iris_model.local.browser.api_docs import ApiDocs
from iris_model.local.browser.data import NoPicture, read_points
from iris_model.local.browser.events import MAX_EVENT_BYTES, EventRefused, ProjectEvents
from iris_model.local.browser.files import INDEX, answer_file, read_page_files
from iris_model.local.browser.guard import find_foreign, find_foreign_call
from iris_model.local.browser.model import read_model
from iris_model.local.browser.model_views import MOST_BYTES, ModelViews
from iris_model.local.configuration.page_sources import NotShown, PageModel
from iris_model.local.functions.function import LocalFunction
from iris_model.local.telemetry.logs import LogBook
from iris_model.local.wire.body import BodyTooLarge, read_body

PATH = "/_local/"
MAX_WAIT_SECONDS = 20.0
# If more requests wait than this, no request waits: each gets the present lines at once.
_MAX_WAITING = 32
_MAX_LINES = 500
_DATA_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Playground:
    """The handlers of the page's files, and of its data as JSON."""

    def __init__(
        self, functions: Iterable[LocalFunction], *, log_book: LogBook, served_host: str, is_loopback: bool
    ) -> None:
        self._functions = {function.settings.name: function for function in functions}
        self._log_book = log_book
        self._served_host = served_host
        self._is_loopback = is_loopback
        self._files = read_page_files()
        self._models = ModelViews()
        self._docs = ApiDocs()
        self._waiting = 0
        # Sequence numbers of the log restart with the service. The page detects a restart by this id.
        self._service_id = secrets.token_hex(8)

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes under `/_local/`."""
        event = f"{PATH}functions/{{name}}/events/{{event}}"
        return (
            web.get(PATH, self.handle_page),
            web.get(f"{PATH}page/{{file}}", self.handle_page),
            web.get(f"{PATH}functions", self._guarded(self.handle_functions)),
            web.get(f"{PATH}functions/{{name}}/openapi.json", self._guarded(self.handle_openapi)),
            web.get(f"{PATH}docs", self.handle_docs),
            web.get(f"{PATH}docs/{{file}}", self.handle_docs),
            web.get(f"{PATH}functions/{{name}}/data", self._guarded(self.handle_data)),
            web.post(f"{PATH}functions/{{name}}/explanation", self._guarded(self.handle_explanation)),
            web.post(f"{PATH}functions/{{name}}/regions", self._guarded(self.handle_regions)),
            web.get(event, self._guarded(self.handle_event)),
            web.get(f"{PATH}log", self._guarded(self.handle_log)),
            web.put(event, self._guarded(self.handle_save)),
            web.put(f"{event}/expected", self._guarded(self.handle_expected)),
        )

    def root_routes(self, matches: Callable[[web.Request], bool], handle_api: Handler) -> tuple[web.RouteDef, ...]:
        """Return the routes outside of `/_local/`: `/`, `/docs` and `/openapi.json`.

        If a function has such a route (`matches`), or for another method, `handle_api` answers.
        """

        def unless_taken(handler: Handler) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                if matches(request) or request.method not in ("GET", "HEAD"):
                    return await handle_api(request)
                return await handler(request)

            return handle

        own = {"/": self.handle_page, "/docs": self.handle_docs, "/openapi.json": self._guarded(self.handle_openapi)}
        return tuple(web.route("*", path, unless_taken(handler)) for path, handler in own.items())

    async def handle_docs(self, request: web.Request) -> web.StreamResponse:
        """Serve Swagger UI, and its files."""
        name = request.match_info.get("file", DOCS_INDEX)
        is_page = name == DOCS_INDEX
        reason = find_foreign(request.headers, served_host=self._served_host, is_navigation_allowed=is_page)
        if reason:
            return _problem(403, reason)
        return self._docs.answer(request, name) or _problem(404, f"the documentation has no file {name!r}")

    async def handle_openapi(self, request: web.Request) -> web.StreamResponse:
        """Return the OpenAPI document of a function, by default of the first one."""
        name = request.match_info.get("name")
        function = self._functions[name] if name else next(iter(self._functions.values()))
        try:
            return _json(dict(await self._docs.describe(function, f"http://{request.host}")))
        except NotShown as reason:
            return _problem(404, str(reason))

    async def handle_page(self, request: web.Request) -> web.StreamResponse:
        """Serve `/`, and the files of the page."""
        name = request.match_info.get("file", INDEX)
        reason = find_foreign(request.headers, served_host=self._served_host, is_navigation_allowed=name == INDEX)
        if reason:
            return _problem(403, reason)
        if name not in self._files:
            return _problem(404, f"the page has no file {name!r}")
        return answer_file(request, self._files[name])

    async def handle_functions(self, request: web.Request) -> web.StreamResponse:
        """Return the functions: their addresses, their models, the test events of their projects."""
        functions = list(self._functions.values())
        # Opening a large model takes time, and other requests must not wait.
        models = await asyncio.to_thread(lambda: [self._open(each) for each in functions])
        described = [_describe(each, model) for each, model in zip(functions, models, strict=True)]
        return _json({"service": self._service_id, "functions": described})

    async def handle_data(self, request: web.Request) -> web.StreamResponse:
        """Return the training data of a function's project as points."""
        settings = self._find(request).settings
        model = read_model(settings.directory)
        if settings.page.data is None or model is None:
            return _problem(404, "the project of this function has no training data")
        try:
            # A file of megabytes takes time, and other requests must not wait.
            points = await asyncio.to_thread(read_points, settings.page.data, settings.page.target, model["columns"])
        except NoPicture as reason:
            return _problem(422, str(reason))
        return _json(points)

    async def handle_explanation(self, request: web.Request) -> web.StreamResponse:
        """Return what each column contributes to the answer for a row: `{"row": [...]}`."""
        return await self._show(request, self._models.explain)

    async def handle_regions(self, request: web.Request) -> web.StreamResponse:
        """Return the predictions on a grid of two columns."""
        return await self._show(request, self._models.draw_regions)

    async def _show(
        self, request: web.Request, draw: Callable[[PageModel, bytes], Awaitable[dict[str, Any]]]
    ) -> web.StreamResponse:
        if request.content_type != "application/json":
            return _problem(415, f"the content type is {request.content_type}; expected application/json")
        model = await asyncio.to_thread(self._open, self._find(request))
        if model is None:
            return _problem(404, "this function has no compiled model")
        try:
            return _json(await draw(model, await read_body(request, MOST_BYTES)))
        except BodyTooLarge:
            return _problem(413, f"the request has more than {MOST_BYTES} bytes")
        except NotShown as reason:
            return _problem(422, str(reason))

    def _open(self, function: LocalFunction) -> PageModel | None:
        return self._models.find(function.settings.directory, function.settings.page)

    async def handle_event(self, request: web.Request) -> web.StreamResponse:
        """Return a test event of the project."""
        events = ProjectEvents(self._find(request).settings.page.events)
        try:
            body = events.read(request.match_info["event"])
        except EventRefused as refused:
            return _problem(refused.status, str(refused))
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=_DATA_HEADERS)

    async def handle_save(self, request: web.Request) -> web.StreamResponse:
        """Write a test event into the project; with `If-None-Match: *`, only a new one."""
        # An HTML form cannot send this type, and another site needs a preflight request, which is refused.
        if request.content_type != "application/json":
            return _problem(415, f"the content type is {request.content_type}; expected application/json")
        events = ProjectEvents(self._find(request).settings.page.events)
        try:
            body = await read_body(request, MAX_EVENT_BYTES)
            replace = request.headers.get("If-None-Match") != "*"
            is_new = events.write(request.match_info["event"], body, replace=replace)
        except BodyTooLarge:
            return _problem(413, f"the event has more than {MAX_EVENT_BYTES} bytes")
        except EventRefused as refused:
            return _problem(refused.status, str(refused))
        return web.json_response({"names": events.names()}, status=201 if is_new else 200, headers=_DATA_HEADERS)

    async def handle_expected(self, request: web.Request) -> web.StreamResponse:
        """Write the expected answer of a test event into the project."""
        if request.content_type != "application/json":
            return _problem(415, f"the content type is {request.content_type}; expected application/json")
        events = ProjectEvents(self._find(request).settings.page.events)
        try:
            events.write_expected(request.match_info["event"], await read_body(request, MAX_EVENT_BYTES))
        except BodyTooLarge:
            return _problem(413, f"the answer has more than {MAX_EVENT_BYTES} bytes")
        except EventRefused as refused:
            return _problem(refused.status, str(refused))
        return web.json_response({}, status=201, headers=_DATA_HEADERS)

    async def handle_log(self, request: web.Request) -> web.StreamResponse:
        """Return at most 500 lines newer than `?after=SEQUENCE`. With `?wait=SECONDS` it waits if there are none."""
        try:
            after = int(request.query.get("after", "0"))
            wait = min(max(float(request.query.get("wait", "0")), 0.0), MAX_WAIT_SECONDS)
        except ValueError:
            return _problem(400, "after and wait must be numbers: the sequence number of a line, and seconds")
        lines = self._log_book.after(after)
        if not lines and wait and self._waiting < _MAX_WAITING:
            self._waiting += 1
            try:
                await self._log_book.wait_for_line(wait)
            finally:
                self._waiting -= 1
            lines = self._log_book.after(after)
        return _json({"service": self._service_id, "lines": lines[:_MAX_LINES]})

    def guard_invocations(self, handler: Handler) -> Handler:
        """Return the handler with a check that refuses web sites, for the endpoints that imitate AWS."""

        async def handle(request: web.Request) -> web.StreamResponse:
            reason = find_foreign_call(
                request.method, request.headers, served_host=self._served_host, is_loopback=self._is_loopback
            )
            if not reason:
                return await handler(request)
            headers = {"x-amzn-ErrorType": "AccessDeniedException"}
            return web.json_response({"Message": reason}, status=403, headers=headers)

        return handle

    def _find(self, request: web.Request) -> LocalFunction:
        return self._functions[request.match_info["name"]]

    def _guarded(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            reason = find_foreign(request.headers, served_host=self._served_host)
            if reason:
                return _problem(403, reason)
            name = request.match_info.get("name")
            if name is not None and name not in self._functions:
                return _problem(404, f"no function {name!r}; available: {', '.join(self._functions)}")
            return await handler(request)

        return handle


def _describe(function: LocalFunction, opened: PageModel | None) -> dict[str, Any]:
    settings = function.settings
    events = ProjectEvents(settings.page.events)
    prefix = "" if settings.stage == "$default" else f"/{settings.stage}"
    method, path = settings.route.split(None, 1) if " " in settings.route else ("ANY", settings.route)
    # The page posts to a route without parameters. It calls functions without such a route by the Invoke API.
    is_plain = method.upper() in ("ANY", "POST") and "{" not in path
    return {
        "name": settings.name,
        "arn": settings.arn,
        "memory": settings.memory_mib,
        "timeout": settings.timeout_seconds,
        "sandboxes": function.pool.sandbox_count,
        "invocations": f"/2015-03-31/functions/{settings.name}/invocations",
        "route": prefix + path if is_plain else None,
        "model": read_model(settings.directory),
        "hasRegions": opened is not None,
        "isExplained": opened is not None and not opened.why_not,
        "hasData": settings.page.data is not None,
        "events": events.names(),
        "canSaveEvents": events.is_writable,
    }


def _json(value: dict[str, Any]) -> web.Response:
    return web.json_response(value, headers=_DATA_HEADERS)


def _problem(status: int, detail: str) -> web.Response:
    value = {"title": web.Response(status=status).reason, "status": status, "detail": detail}
    return web.json_response(value, status=status, content_type="application/problem+json", headers=_DATA_HEADERS)

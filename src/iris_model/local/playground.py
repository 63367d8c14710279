"""The page at `/`, and what it asks of the service: functions, training data, test events, and the log as it grows.

These endpoints belong to the page alone; none of them exists in the cloud. They answer this page and programs on this
machine, and refuse every other web site (`page_guard`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from iris_model.local.body import BodyTooLarge, read_body
from iris_model.local.function import LocalFunction
from iris_model.local.logs import LogBook
from iris_model.local.page_data import NoPicture, read_points
from iris_model.local.page_events import MAX_EVENT_BYTES, EventRefused, ProjectEvents
from iris_model.local.page_files import INDEX, answer_file, read_page_files
from iris_model.local.page_guard import find_foreign, find_foreign_call
from iris_model.local.page_model import read_model

PATH = "/_local/"
MAX_WAIT_SECONDS = 20.0
# Beyond so many followers nobody waits: each gets at once what there is.
_MAX_WAITING = 32
_MAX_LINES = 500
_DATA_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Playground:
    """Serves the page's files, and its data as JSON."""

    def __init__(
        self, functions: Iterable[LocalFunction], *, log_book: LogBook, served_host: str, is_loopback: bool
    ) -> None:
        self._functions = {function.settings.name: function for function in functions}
        self._log_book = log_book
        self._served_host = served_host
        self._is_loopback = is_loopback
        self._files = read_page_files()
        self._waiting = 0
        # Sequences of the log begin anew with the service, and the page must notice.
        self._service_id = secrets.token_hex(8)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Everything under `/_local/`."""
        router.add_get(PATH, self.handle_page)
        router.add_get(f"{PATH}page/{{file}}", self.handle_page)
        router.add_get(f"{PATH}functions", self._guarded(self.handle_functions))
        router.add_get(f"{PATH}functions/{{name}}/data", self._guarded(self.handle_data))
        router.add_get(f"{PATH}functions/{{name}}/events/{{event}}", self._guarded(self.handle_event))
        router.add_put(f"{PATH}functions/{{name}}/events/{{event}}", self._guarded(self.handle_save))
        router.add_get(f"{PATH}log", self._guarded(self.handle_log))

    async def handle_page(self, request: web.Request) -> web.StreamResponse:
        """`/`, and the files that it names."""
        name = request.match_info.get("file", INDEX)
        reason = find_foreign(request.headers, served_host=self._served_host, is_navigation_allowed=name == INDEX)
        if reason:
            return _problem(403, reason)
        if name not in self._files:
            return _problem(404, f"the page has no file {name!r}")
        return answer_file(request, self._files[name])

    async def handle_functions(self, request: web.Request) -> web.StreamResponse:
        """The functions: how to reach each, what model is in it, what test events its project has."""
        return _json({"service": self._service_id, "functions": [_describe(each) for each in self._functions.values()]})

    async def handle_data(self, request: web.Request) -> web.StreamResponse:
        """The training data of a function's project, as points."""
        settings = self._find(request).settings
        model = read_model(settings.directory)
        if settings.page.data is None or model is None:
            return _problem(404, "this function's project names no training data")
        try:
            # A file of megabytes takes its time, and others must not wait for it.
            points = await asyncio.to_thread(read_points, settings.page.data, settings.page.target, model["columns"])
        except NoPicture as reason:
            return _problem(422, str(reason))
        return _json(points)

    async def handle_event(self, request: web.Request) -> web.StreamResponse:
        """A test event of the project, as its file has it."""
        events = ProjectEvents(self._find(request).settings.page.events)
        try:
            body = events.read(request.match_info["event"])
        except EventRefused as refused:
            return _problem(refused.status, str(refused))
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=_DATA_HEADERS)

    async def handle_save(self, request: web.Request) -> web.StreamResponse:
        """Write a test event into the project; with `If-None-Match: *`, only a new one."""
        # No form can say this, and no other site without asking first, to which nobody here answers yes.
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

    async def handle_log(self, request: web.Request) -> web.StreamResponse:
        """The lines newer than `?after=SEQUENCE`, at most 500; `?wait=SECONDS` waits for some if there are none."""
        try:
            after = int(request.query.get("after", "0"))
            wait = min(max(float(request.query.get("wait", "0")), 0.0), MAX_WAIT_SECONDS)
        except ValueError:
            return _problem(400, "after and wait are numbers: the sequence of a line, and seconds")
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
        """The Invoke API and its kin, closed to web sites."""

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
                return _problem(404, f"there is no function {name!r}; there are {', '.join(self._functions)}")
            return await handler(request)

        return handle


def _describe(function: LocalFunction) -> dict[str, Any]:
    settings = function.settings
    events = ProjectEvents(settings.page.events)
    prefix = "" if settings.stage == "$default" else f"/{settings.stage}"
    method, path = settings.route.split(None, 1) if " " in settings.route else ("ANY", settings.route)
    # The form posts to a plain path; a function that has none is reached by the Invoke API.
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
        "hasData": settings.page.data is not None,
        "events": events.names(),
        "canSaveEvents": events.is_writable,
    }


def _json(value: dict[str, Any]) -> web.Response:
    return web.json_response(value, headers=_DATA_HEADERS)


def _problem(status: int, detail: str) -> web.Response:
    value = {"title": web.Response(status=status).reason, "status": status, "detail": detail}
    return web.json_response(value, status=status, content_type="application/problem+json", headers=_DATA_HEADERS)

"""The service: front ends and functions on one event loop and one port."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from iris_model.errors import LocalError
from iris_model.local.browser.playground import PATH as PAGE_PATH
from iris_model.local.browser.playground import Playground
from iris_model.local.configuration.settings import FunctionSettings, ReloadPlan, check_settings
from iris_model.local.confinements.enforcement import examine
from iris_model.local.front_ends import invoke_api, metrics_views
from iris_model.local.front_ends.control_plane import ControlPlane
from iris_model.local.front_ends.front_door import FrontDoor
from iris_model.local.front_ends.function_url import FunctionUrl
from iris_model.local.front_ends.http_api import INTEGRATION_TIMEOUT_SECONDS, HttpApi
from iris_model.local.front_ends.http_routes import parse_route
from iris_model.local.front_ends.invoke_api import InvokeApi
from iris_model.local.front_ends.metrics_views import MetricsApi
from iris_model.local.functions.function import RETRY_DELAYS_SECONDS, LocalFunction
from iris_model.local.functions.function_table import ALIAS, FunctionTable
from iris_model.local.functions.service_errors import ServiceError
from iris_model.local.machine.descriptors import handle_refused_clients, raise_limit
from iris_model.local.machine.host import Host
from iris_model.local.machine.system import check_system
from iris_model.local.sandboxes.concurrency import ACCOUNT_CONCURRENCY, Concurrency
from iris_model.local.sandboxes.invocation import Invocation, Outcome
from iris_model.local.telemetry.logs import LineBatch, LogBook
from iris_model.local.telemetry.metrics import HttpMetrics
from iris_model.local.telemetry.reports import InvocationReport
from iris_model.local.telemetry.running_cost import Prices
from iris_model.local.wire.body import close_unread, leave_expect
from iris_model.local.wire.door import MAX_HEAD_BYTES, Door
from iris_model.local.wire.listening import find_port, is_loopback, listen, make_logger

if TYPE_CHECKING:
    from iris_model.local.functions.reload import Reloader

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9000
_CLOSE_SECONDS = 1.0

LogListener = Callable[[str], None]


@dataclass(frozen=True)
class Addresses:
    """The addresses of the service. `function` and `route` are those of the first function."""

    page: str
    function: str
    route: str
    metrics: str = ""
    functions: tuple[tuple[str, str, str], ...] = ()
    """For each function: its name, the address for invocations, the address of its route."""
    function_urls: tuple[tuple[str, str], ...] = ()
    """The requested function URLs: name and address."""


@dataclass(frozen=True)
class OnceResult:
    """The result of `invoke_once`."""

    payload: bytes
    function_error: str | None
    log: str
    report: InvocationReport


class Runner:
    """The functions without a front end: the common part of `LocalLambda` and `invoke_once`."""

    def __init__(
        self,
        functions: FunctionSettings | Iterable[FunctionSettings],
        *,
        on_log: LogListener | None = None,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        retry_delays_seconds: Sequence[float] = RETRY_DELAYS_SECONDS,
    ) -> None:
        """Raises LocalError if the settings of a function are invalid."""
        check_system()
        settings = [functions] if isinstance(functions, FunctionSettings) else list(functions)
        raise_limit()
        if not settings:
            raise LocalError("no function to run", remedy="Pass a function directory.")
        for each in settings:
            check_settings(each)
        names = [each.name for each in settings]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise LocalError(
                f"two functions have the name {twice[0]!r}; names must be unique",
                remedy="Rename one of them.",
            )
        self._host = Host()
        self._reloaders: list[Reloader] = []
        self.log_book = LogBook(on_log)
        account = Concurrency(account_concurrency)
        self.functions = {
            each.name: LocalFunction(
                each,
                host=self._host,
                log_book=self.log_book,
                account=account,
                retry_delays_seconds=retry_delays_seconds,
            )
            for each in settings
        }

    @property
    def first(self) -> LocalFunction:
        """The default function."""
        return next(iter(self.functions.values()))

    async def open(self) -> None:
        """Log what this machine cannot enforce, and start the provisioned sandboxes."""
        for name, line in await examine([each.settings for each in self.functions.values()], self._host):
            self.log_book.append(name, "platform", line)
        for function in self.functions.values():
            if function.settings.reload is not None:
                await self._watch(function, function.settings.reload)
        await asyncio.gather(*(function.open() for function in self.functions.values()))

    async def _watch(self, function: LocalFunction, plan: ReloadPlan) -> None:
        from iris_model.local.functions.reload import Reloader  # imported only if needed

        reloader = Reloader(function, plan, host=self._host, log_book=self.log_book)
        self._reloaders.append(reloader)
        await reloader.open()

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(reloader.close() for reloader in self._reloaders))
        await asyncio.gather(*(function.close() for function in self.functions.values()))
        await self._host.close()


class LocalLambda:
    """The running service. `async with LocalLambda(settings, port=0) as service: ... service.url`."""

    def __init__(
        self,
        functions: FunctionSettings | Iterable[FunctionSettings],
        *,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        on_log: LogListener | None = None,
        integration_timeout_seconds: float = INTEGRATION_TIMEOUT_SECONDS,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        retry_delays_seconds: Sequence[float] = RETRY_DELAYS_SECONDS,
        function_url_port: int | None = None,
        prices: Prices | None = None,
    ) -> None:
        """Port 0 means a free port. `function_url_port`: the port of the first function's URL; the others follow it."""
        self._host = host
        self._port = port
        self._runner = Runner(
            functions,
            on_log=on_log,
            account_concurrency=account_concurrency,
            retry_delays_seconds=retry_delays_seconds,
        )
        self._integration_timeout = integration_timeout_seconds
        self._table = FunctionTable(self._runner.functions)
        self._invoke_api = InvokeApi(self._table)
        self._http_metrics = HttpMetrics()
        self._prices = prices
        self._url_port = function_url_port
        self._urls: dict[str, str] = {}  # function -> address of its URL
        self._web: web.AppRunner | None = None
        self._servers: list[asyncio.Server] = []
        self._doors: set[Door] = set()
        self._url_fronts: list[web.Server] = []

    @property
    def url(self) -> str:
        """The address without a path."""
        return self._address(self._port)

    @property
    def addresses(self) -> Addresses:
        """The addresses of the service."""
        functions = tuple(
            (name, self.url + invoke_api.PATH.format(name=name), self.url + route_path(each.settings))
            for name, each in self._runner.functions.items()
        )
        alias = ALIAS if len(functions) == 1 else functions[0][0]
        return Addresses(
            page=self.url + (PAGE_PATH if self._owns_root() else "/"),
            function=self.url + invoke_api.PATH.format(name=alias),
            route=functions[0][2],
            metrics=self.url + metrics_views.PATH,
            functions=functions,
            function_urls=tuple(self._urls.items()),
        )

    def _address(self, port: int) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    def _owns_root(self) -> bool:
        return any(
            parse_route(route).match("GET", "/") is not None and each.settings.stage == "$default"
            for each in self.functions.values()
            for route in (each.settings.route, *each.settings.http.more_routes)
        )

    @property
    def functions(self) -> dict[str, LocalFunction]:
        """The functions by name."""
        return self._runner.functions

    @property
    def log_book(self) -> LogBook:
        """The log."""
        return self._runner.log_book

    async def __aenter__(self) -> LocalLambda:
        self._web = web.AppRunner(self._build_application(), shutdown_timeout=_CLOSE_SECONDS, **_aiohttp_settings())
        await self._web.setup()
        other = self._web.server
        assert other is not None
        try:
            server = await listen(lambda: FrontDoor(self._invoke_api, other, self._doors), self._host, self._port)
            self._servers.append(server)
            self._port = find_port(server)
            await self._open_function_urls()
            await self._runner.open()
        except BaseException:
            await self._close()
            raise
        return self

    async def _open_function_urls(self) -> None:
        if self._url_port is None:
            return
        for index, function in enumerate(self._runner.functions.values()):
            url = FunctionUrl(function, log_book=self.log_book, metrics=self._http_metrics)
            front = web.Server(url.handle, **_aiohttp_settings())
            port = self._url_port + index if self._url_port else 0
            server = await listen(partial(Door, front, self._doors), self._host, port)
            self._url_fronts.append(front)
            self._servers.append(server)
            self._urls[function.settings.name] = self._address(find_port(server)) + "/"

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        # Close the functions first, so that waiting requests get an error. Then the front ends can close.
        assert self._web is not None
        for server in self._servers:
            server.close()
        await self._runner.close()
        self.log_book.end_waiting()
        for door in list(self._doors):
            door.close()
        for front in self._url_fronts:
            await front.shutdown(_CLOSE_SECONDS)
        await self._web.cleanup()

    async def invoke(self, payload: bytes, *, name: str | None = None) -> Outcome:
        """Invoke a function without HTTP."""
        function = self._runner.functions[name] if name is not None else self._runner.first
        return await function.invoke(Invocation(payload=payload, function_arn=function.settings.arn))

    def _build_application(self) -> web.Application:
        functions = self._runner.functions
        http_api = HttpApi(
            functions.values(),
            log_book=self.log_book,
            metrics=self._http_metrics,
            integration_timeout_seconds=self._integration_timeout,
        )
        metrics_api = MetricsApi(functions.values(), self._http_metrics, self._prices)
        playground = Playground(
            functions.values(), log_book=self.log_book, served_host=self._host, is_loopback=is_loopback(self._host)
        )

        guard = playground.guard_invocations
        handle_async = guard(self._invoke_api.handle_async)
        routes = (
            web.post(invoke_api.PATH, guard(self._invoke_api.handle)),
            web.post(invoke_api.ASYNC_PATH, handle_async),
            web.post(invoke_api.ASYNC_PATH.rstrip("/"), handle_async),
            *ControlPlane(self._table, self._urls).routes(guard),
            web.get(metrics_views.PATH, guard(metrics_api.handle)),
            web.get(metrics_views.PROMETHEUS_PATH, guard(metrics_api.handle_prometheus)),
            *playground.routes(),
            *playground.root_routes(http_api.matches, http_api.handle),
            web.route("*", "/{path:.*}", http_api.handle),
        )
        application = web.Application()
        application.on_response_prepare.append(close_unread)
        application.router.add_routes(
            web.route(each.method, each.path, each.handler, expect_handler=leave_expect, **each.kwargs)
            for each in routes
        )
        return application


def _aiohttp_settings() -> dict[str, Any]:
    return {
        "access_log": None,
        "logger": make_logger(),
        "max_line_size": MAX_HEAD_BYTES,
        "max_field_size": MAX_HEAD_BYTES,
        "auto_decompress": False,  # compressed bodies stay compressed: an HTTP API does not decompress
    }


def serve(
    settings: FunctionSettings | Iterable[FunctionSettings],
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    on_ready: Callable[[Addresses], None] | None = None,
    on_log: LogListener | None = None,
    function_url_port: int | None = None,
    prices: Prices | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; then end every process and return."""
    check_system()

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # If the parent process ignores a signal (nohup, a background shell), the service does too.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop.set)
        batch = LineBatch(on_log) if on_log is not None else None
        if batch is not None:
            loop.set_exception_handler(handle_refused_clients(batch))
        try:
            async with LocalLambda(
                settings, host=host, port=port, on_log=batch, function_url_port=function_url_port, prices=prices
            ) as service:
                if on_log is not None and not is_loopback(host):
                    on_log(f"Listening on {host}: every machine that can reach this one can invoke the function")
                if on_ready is not None:
                    on_ready(service.addresses)
                await stop.wait()
        finally:
            if batch is not None:
                batch.flush()

    asyncio.run(run())


def invoke_once(settings: FunctionSettings, payload: bytes, *, on_log: LogListener | None = None) -> OnceResult:
    """Start a function, invoke it once, and end it. No port is opened for clients.

    Raises LocalError if Lambda would refuse the payload before it invokes the function.
    """
    try:
        payload = invoke_api.check_payload(payload, "RequestResponse")
    except ServiceError as error:
        raise LocalError(
            f"the payload was refused: {error}", remedy="Pass one JSON document of at most 6 MiB."
        ) from None
    lines: list[str] = []

    def listen(line: str) -> None:
        lines.append(line)
        if on_log is not None:
            on_log(line)

    async def run() -> Outcome:
        runner = Runner(settings, on_log=listen)
        try:
            await runner.open()
            return await runner.first.invoke(Invocation(payload=payload, function_arn=settings.arn))
        finally:
            await runner.close()

    outcome = asyncio.run(run())
    return OnceResult(outcome.payload, outcome.function_error, "\n".join(lines), outcome.report)


def route_path(settings: FunctionSettings) -> str:
    """Return the path of the first route, with the stage."""
    path = settings.route.rpartition(" ")[2]
    stage = "" if settings.stage == "$default" else f"/{settings.stage}"
    return stage + ("/" if path == "$default" else path)

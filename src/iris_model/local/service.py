"""The service: the front ends and the functions behind them, one event loop, one port. Started here, ended here."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType

from aiohttp import web

from iris_model.errors import LocalError
from iris_model.local import invoke_api
from iris_model.local.concurrency import ACCOUNT_CONCURRENCY, Concurrency
from iris_model.local.enforcement import examine
from iris_model.local.front_door import MAX_HEAD_BYTES, FrontDoor
from iris_model.local.function import RETRY_DELAYS_SECONDS, LocalFunction
from iris_model.local.host import Host
from iris_model.local.http_api import INTEGRATION_TIMEOUT_SECONDS, HttpApi
from iris_model.local.http_routes import parse_route
from iris_model.local.invocation import Invocation, Outcome
from iris_model.local.invoke_api import InvokeApi
from iris_model.local.logs import LogBook
from iris_model.local.playground import PATH as PAGE_PATH
from iris_model.local.playground import Playground
from iris_model.local.reports import Report
from iris_model.local.service_errors import ServiceError
from iris_model.local.settings import FunctionSettings, check_settings

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9000
_BACKLOG = 1024
_CLOSE_SECONDS = 1.0

LogListener = Callable[[str], None]


@dataclass(frozen=True)
class Addresses:
    """Where the service answers. `function` and `route` are those of the first function."""

    page: str
    function: str
    route: str


@dataclass(frozen=True)
class OnceResult:
    """What `invoke_once` got."""

    payload: bytes
    function_error: str | None
    log: str
    report: Report


class Runner:
    """The functions alone, without a front end: what `LocalLambda` and `invoke_once` share."""

    def __init__(
        self,
        functions: FunctionSettings | Iterable[FunctionSettings],
        *,
        on_log: LogListener | None = None,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        retry_delays_seconds: Sequence[float] = RETRY_DELAYS_SECONDS,
    ) -> None:
        """Raises `LocalError` when the settings of a function are wrong."""
        settings = [functions] if isinstance(functions, FunctionSettings) else list(functions)
        if not settings:
            raise LocalError("there is no function to run.", remedy="Name a function directory.")
        for each in settings:
            check_settings(each)
        names = [each.name for each in settings]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise LocalError(
                f"two functions have the name {twice[0]!r}; expected one of each name.",
                remedy="Give one of them another name.",
            )
        self._host = Host()
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
        """The function that needs no naming."""
        return next(iter(self.functions.values()))

    async def open(self) -> None:
        """Say what this machine cannot enforce, and make ready what is provisioned."""
        for name, line in await examine([each.settings for each in self.functions.values()], self._host):
            self.log_book.append(name, "platform", line)
        await asyncio.gather(*(function.open() for function in self.functions.values()))

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(function.close() for function in self.functions.values()))
        self._host.close()


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
    ) -> None:
        """Port 0 means one that is free."""
        self._host = host
        self._port = port
        self._runner = Runner(
            functions,
            on_log=on_log,
            account_concurrency=account_concurrency,
            retry_delays_seconds=retry_delays_seconds,
        )
        self._integration_timeout = integration_timeout_seconds
        self._invoke_api = InvokeApi(self._runner.functions)
        self._web: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The address without a path."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def addresses(self) -> Addresses:
        """Where to go."""
        settings = self._runner.first.settings
        stage = "" if settings.stage == "$default" else f"/{settings.stage}"
        return Addresses(
            page=self.url + (PAGE_PATH if self._owns_root() else "/"),
            function=self.url + invoke_api.PATH.format(name=invoke_api.ALIAS),
            route=self.url + stage + settings.route.rpartition(" ")[2],
        )

    def _owns_root(self) -> bool:
        return any(
            parse_route(each.settings.route).match("GET", "/") is not None and each.settings.stage == "$default"
            for each in self.functions.values()
        )

    @property
    def functions(self) -> dict[str, LocalFunction]:
        """The functions by name."""
        return self._runner.functions

    @property
    def log_book(self) -> LogBook:
        """What was logged."""
        return self._runner.log_book

    async def __aenter__(self) -> LocalLambda:
        self._web = web.AppRunner(
            self._build_application(),
            access_log=None,
            shutdown_timeout=_CLOSE_SECONDS,
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
        )
        await self._web.setup()
        other = self._web.server
        assert other is not None
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: FrontDoor(self._invoke_api, other), self._host, self._port, backlog=_BACKLOG
            )
        except (OSError, OverflowError) as error:
            await self._web.cleanup()
            await self._runner.close()
            raise _describe_bind_error(self._host, self._port, error) from None
        self._port = self._server.sockets[0].getsockname()[1]
        await self._runner.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._web is not None
        # The functions first: requests that still wait for one are answered with its end, and then the front can go.
        assert self._server is not None
        self._server.close()
        await self._runner.close()
        self.log_book.end_waiting()
        await self._web.cleanup()

    async def invoke(self, payload: bytes, *, name: str | None = None) -> Outcome:
        """Invoke a function from inside, without HTTP."""
        function = self._runner.functions[name] if name is not None else self._runner.first
        return await function.invoke(Invocation(payload=payload, function_arn=function.settings.arn))

    def _build_application(self) -> web.Application:
        functions = self._runner.functions
        http_api = HttpApi(
            functions.values(), log_book=self.log_book, integration_timeout_seconds=self._integration_timeout
        )
        playground = Playground(functions.values(), log_book=self.log_book, served_host=self._host)

        async def handle_root(request: web.Request) -> web.StreamResponse:
            # A function may own `/`; then it does, and the page gives way.
            if http_api.matches(request) or request.method not in ("GET", "HEAD"):
                return await http_api.handle(request)
            return await playground.handle_page(request)

        application = web.Application()
        application.router.add_post(invoke_api.PATH, playground.guard_invocations(self._invoke_api.handle))
        playground.add_routes(application.router)
        application.router.add_route("*", "/", handle_root)
        application.router.add_route("*", "/{path:.*}", http_api.handle)
        return application


def serve(
    settings: FunctionSettings | Iterable[FunctionSettings],
    *,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    on_ready: Callable[[Addresses], None] | None = None,
    on_log: LogListener | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; then end every process and return."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Whoever started us ignoring a signal (nohup, a shell in the background) wanted it so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop.set)
        async with LocalLambda(settings, host=host, port=port, on_log=on_log) as service:
            if on_log is not None and not is_loopback(host):
                on_log(f"Listening on {host}: every machine that can reach this one can invoke the function")
            if on_ready is not None:
                on_ready(service.addresses)
            await stop.wait()

    asyncio.run(run())


def invoke_once(settings: FunctionSettings, payload: bytes, *, on_log: LogListener | None = None) -> OnceResult:
    """Invoke a function one time, without a port for clients: start, invoke, end.

    `LocalError` when Lambda would refuse the payload before the function saw it.
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


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _describe_bind_error(host: str, port: int, error: OSError | OverflowError) -> LocalError:
    if isinstance(error, OverflowError):
        return LocalError(f"port {port} does not exist; expected 0 to 65535.", remedy="Choose another with --port.")
    if isinstance(error, socket.gaierror):
        return LocalError(f"host {host!r} is not known here.", remedy="Leave --host away to listen on 127.0.0.1.")
    if error.errno == errno.EADDRINUSE:
        return LocalError(
            f"port {port} on {host} is taken: another program listens there.",
            remedy="Stop that program, or choose another port with --port (0 picks a free one).",
        )
    if error.errno == errno.EACCES:
        return LocalError(
            f"port {port} on {host} may not be opened by this user; ports below 1024 belong to the administrator.",
            remedy="Choose a port from 1024 up with --port.",
        )
    return LocalError(
        f"{host}:{port} cannot be listened on ({error.strerror or error}).",
        remedy="Choose an address of this machine with --host, and a port with --port.",
    )

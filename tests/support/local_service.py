"""The local Lambda running in a thread, for tests that talk to it from outside with blocking clients."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from iris_model.local import FunctionSettings, LocalLambda
from tests.support.loop_watchdog import LoopWatchdog

HANDLERS = Path(__file__).parent / "local_handlers"
START_SECONDS = 10


@dataclass(frozen=True)
class Reply:
    """An HTTP response, header names in lower case; repeated headers keep every value."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for each, value in self.headers if each == name), None)

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class RunningService:
    """The service as a client sees it, and its log as the terminal sees it."""

    url: str = ""
    lambda_: LocalLambda | None = None
    written: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The log, up to the REPORT line of every invocation that was answered."""
        self.settle()
        return self.written

    def settle(self) -> None:
        """Wait until what was answered has ended: a caller has its answer before the runtime asks for the next event."""
        limit = time.monotonic() + START_SECONDS
        while self.lambda_ is not None and any(each.pool.settling_count for each in self.lambda_.functions.values()):
            assert time.monotonic() < limit, "an invocation that was answered does not end"
            time.sleep(0.001)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    ) -> Reply:
        """One request over a connection of its own, with no header that is not asked for."""
        address = urlsplit(self.url)
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=90)
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        try:
            names_host = any(name.lower() == "host" for name, _ in pairs)
            connection.putrequest(method, path, skip_host=names_host, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Reply(
                response.status,
                [(name.lower(), value) for name, value in response.getheaders()],
                response.read(),
            )
        finally:
            connection.close()

    def invoke(self, event: Any, *, name: str = "function", **headers: str) -> Reply:
        """`event` as JSON to the Invoke API."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        path = f"/2015-03-31/functions/{name}/invocations"
        return self.request("POST", path, json.dumps(event).encode(), named)

    def client(self) -> Any:
        """A boto3 client that does not retry, so that a refusal is seen."""
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )


@contextmanager
def running(functions: FunctionSettings | list[FunctionSettings], **options: Any) -> Iterator[RunningService]:
    """Serve on a free port until the block ends. Fails when a call blocked the service's loop."""
    service = RunningService()
    ready = threading.Event()
    problems: list[BaseException] = []
    stop: list[Any] = []
    watchdogs: list[LoopWatchdog] = []

    async def serve() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        watchdog = LoopWatchdog()
        watchdogs.append(watchdog)
        async with LocalLambda(functions, on_log=service.written.append, **{"port": 0} | options) as started:
            service.url, service.lambda_ = started.url, started
            ready.set()
            await done.wait()
        watchdog.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as problem:
            problems.append(problem)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(START_SECONDS)
        if problems:
            raise problems[0]
        yield service
    finally:
        if stop and thread.is_alive():
            stop[0]()
        thread.join(START_SECONDS)
        assert not thread.is_alive(), "the service did not end"
    if problems:
        raise problems[0]
    blocked = [stack for watchdog in watchdogs for stack in watchdog.blocked]
    assert not blocked, "the event loop of the service was blocked:\n" + "\n".join(blocked)

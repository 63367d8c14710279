"""The Python runtime in this process, as the reference for the native one.

    python -S -m tests.native.reference < questions > answers

The kernels are off: they add the terms of support vector machines in another order.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.native.sandbox import REQUEST_ID, Posted

HANDLER = """from iris_model.runtime import Model

model = Model.load("iris_trained_model")  # once per sandbox


def handler(event, context):
    return model.answer(event)  # reads any kind of Lambda event, and returns the response for it
"""


class _Client:
    def __init__(self) -> None:
        self.posts: list[Posted] = []

    def post_invocation_result(
        self, request_id: str, body: bytes, content_type: str, invocation_id: str | None
    ) -> None:
        assert content_type == "application/json"
        self.posts.append(Posted(f"invocation/{request_id}/response", body))

    def post_invocation_error(
        self, request_id: str, body: bytes, error_type: str, xray_cause: str, invocation_id: str | None
    ) -> None:
        self.posts.append(Posted(f"invocation/{request_id}/error", body, error_type, xray_cause))


class Reference:
    """The stock handler of one function directory, as the loop calls it."""

    def __init__(self, directory: Path) -> None:
        from iris_model.runtime import logs, loop

        self.directory = directory
        self._loop = loop
        self._logs = logs
        scope: dict[str, Any] = {"__name__": "app", "__file__": str(directory / "app.py")}
        with self._sandbox():
            exec(compile((directory / "app.py").read_text(), str(directory / "app.py"), "exec"), scope)
        self._handler: Callable[[object, Any], object] = scope["handler"]

    def ask(self, event: bytes, headers: dict[str, str] | None = None) -> tuple[Posted, str]:
        """Return what the loop posts for the event, and what it logs."""
        client: Any = _Client()
        named = {"content-type": "application/json", "lambda-runtime-aws-request-id": REQUEST_ID}
        named.update({name.lower(): value for name, value in (headers or {}).items()})
        kept, sys.stdout = sys.stdout, io.StringIO()
        try:
            with self._sandbox():
                self._loop.handle_event_request(client, self._handler, named, event)
            log = sys.stdout.getvalue()
        finally:
            sys.stdout = kept
        (posted,) = client.posts
        return posted, log

    @contextlib.contextmanager
    def _sandbox(self) -> Iterator[None]:
        """Set the directory, its variable and "no kernels". Other tests in this process must not see them."""
        from iris_model.engine import native

        found, variables, here = native._found, dict(os.environ), Path.cwd()
        native._found = [None]
        os.environ["LAMBDA_TASK_ROOT"] = str(self.directory)
        os.chdir(self.directory)
        try:
            yield
        finally:
            native._found = found
            os.environ.clear()
            os.environ.update(variables)
            os.chdir(here)

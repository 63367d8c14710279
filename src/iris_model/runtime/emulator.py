"""A small emulator for base images without one: `docker run -p 9000:8080 IMAGE` serves the Invoke API.

It starts the runtime as a child process and serves it a Runtime API. It runs one invocation at a time, kills the
process at the timeout, and starts a new one after a crash. If AWS's emulator differs from the cloud, this one follows
the cloud.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

from .events import MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES

INVOCATION_PATH = "/2015-03-31/functions/function/invocations"
RUNTIME_PATH = "/2018-06-01/runtime/"
PORT = 8080


class Sandbox:
    """One child process and the Runtime API that it calls. Only one thread at a time may call `invoke`."""

    def __init__(self, command: list[str], directory: str) -> None:
        self._command = command
        self._directory = directory
        self._events: Queue[tuple[str, bytes, dict[str, str]]] = Queue()
        self._results: Queue[tuple[str, str, bytes]] = Queue()
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._init_ms: float | None = None
        self.timeout_seconds = float(os.environ.get("AWS_LAMBDA_FUNCTION_TIMEOUT", "300"))
        self.memory_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")
        self.name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "function")
        self._api = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(_RuntimeApi, self))
        self._api.daemon_threads = True
        threading.Thread(target=self._api.serve_forever, daemon=True).start()

    def invoke(self, payload: bytes, headers: dict[str, str]) -> tuple[bytes, bool, str]:
        """Return (payload, whether the function failed, request id)."""
        request_id = str(uuid.uuid4())
        print(f"START RequestId: {request_id} Version: $LATEST", flush=True)
        cold = self._process is None or self._process.poll() is not None
        if cold:
            self._start()
        begin = time.monotonic()
        self._events.put((request_id, payload, headers))
        kind, answer = self._wait(request_id, begin + self.timeout_seconds)
        duration = (time.monotonic() - begin) * 1000
        if cold and self._init_ms is not None:
            duration = max(duration - self._init_ms, 0.0)
        self._report(request_id, duration, self._init_ms if cold else None)
        return answer, kind != "response", request_id

    def stop(self) -> None:
        """Kill the child process."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def next_event(self) -> tuple[str, bytes, dict[str, str]]:
        """Wait for an event. Called by the Runtime API."""
        if self._init_ms is None:
            self._init_ms = (time.monotonic() - self._started) * 1000
        return self._events.get()

    def take_result(self, request_id: str, kind: str, body: bytes) -> None:
        """Take the answer of the child process. Called by the Runtime API."""
        self._results.put((request_id, kind, body))

    def _start(self) -> None:
        # Discard events that an earlier child process did not answer.
        self._events, self._results = Queue(), Queue()
        port = self._api.server_address[1]
        environment = {
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": self.memory_mb,
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "LAMBDA_TASK_ROOT": self._directory,
            "_HANDLER": self._command[-1],
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        }
        self._init_ms = None
        self._started = time.monotonic()
        self._process = subprocess.Popen(self._command, env=environment)

    def _wait(self, request_id: str, deadline: float) -> tuple[str, bytes]:
        assert self._process is not None
        while True:
            try:
                for_request, kind, body = self._results.get(timeout=0.02)
            except Empty:
                if time.monotonic() > deadline:
                    self.stop()
                    message = f"RequestId: {request_id} Error: Task timed out after {self.timeout_seconds:.2f} seconds"
                    return "error", _document("Sandbox.Timedout", message)
                status = self._process.poll()
                if status is not None and self._results.empty():
                    return "error", _exit_document(request_id, status)
                continue
            if for_request == "init":
                # The runtime exits after it reports an init error. The next invocation must get a new process.
                self.stop()
            if for_request in (request_id, "init"):
                return kind, body

    def _report(self, request_id: str, duration: float, init: float | None) -> None:
        billed = -int(-(duration + (init or 0.0)) // 1)
        line = f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        line += f"Memory Size: {self.memory_mb} MB\tMax Memory Used: {self._peak_mb()} MB\t"
        if init is not None:
            line += f"Init Duration: {init:.2f} ms\t"
        print(f"END RequestId: {request_id}\n{line}", flush=True)

    def _peak_mb(self) -> str:
        try:
            with open(f"/proc/{self._process.pid if self._process else 0}/status", encoding="ascii") as file:
                for line in file:
                    if line.startswith("VmHWM:"):
                        return str(-(-int(line.split()[1]) // 1024))
        except OSError:
            pass
        return "?"  # the process has exited, or this is not Linux


class _Api(BaseHTTPRequestHandler):
    """The common HTTP code of the Invoke API and the Runtime API."""

    protocol_version = "HTTP/1.1"
    # Send head and body in one segment. Otherwise the body waits 40 ms for the acknowledgement of the head.
    wbufsize = -1
    disable_nagle_algorithm = True
    sandbox: Sandbox

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass  # this output is the log of the function, without requests


class _RuntimeApi(_Api):
    def do_GET(self) -> None:
        if self.path != RUNTIME_PATH + "invocation/next":
            self._answer(404, b"")
            return
        request_id, payload, headers = self.sandbox.next_event()
        deadline = int((time.time() + self.sandbox.timeout_seconds) * 1000)
        arn = f"arn:aws:lambda:us-east-1:012345678912:function:{self.sandbox.name}"
        self._answer(
            200,
            payload,
            {
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):x}-{uuid.uuid4().hex[:24]};Sampled=0",
                **headers,
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = self.path.removeprefix(RUNTIME_PATH).split("/")
        if parts == ["init", "error"]:
            self.sandbox.take_result("init", "error", body)
        elif len(body) > MAX_RESPONSE_BYTES:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            self.sandbox.take_result(parts[1], "error", _document("Function.ResponseSizeTooLarge", message))
        else:
            self.sandbox.take_result(parts[1], parts[-1], body)
        self._answer(202, b'{"status":"OK"}\n')


class _InvokeApi(_Api):
    turn = threading.Lock()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if self.path.partition("?")[0] != INVOCATION_PATH:
            self.rfile.read(min(length, MAX_REQUEST_BYTES))
            self._answer(
                404, b'{"Type":"User","Message":"Function not found; POST to ' + INVOCATION_PATH.encode() + b'"}'
            )
            return
        if length > MAX_REQUEST_BYTES:
            message = f"{length} byte payload is too large for the RequestResponse invocation type"
            self.close_connection = True
            self._answer(413, json.dumps({"Message": f"{message} (limit {MAX_REQUEST_BYTES} bytes)"}).encode())
            return
        payload = self.rfile.read(length) or b"{}"
        try:
            json.loads(payload)
            context = self._client_context()
        except (ValueError, RecursionError) as error:
            message = f"Could not parse request body into json: {error}"
            self._answer(400, json.dumps({"Type": "User", "message": message}).encode())
            return
        with self.turn:
            answer, failed, request_id = self.sandbox.invoke(payload, context)
        headers = {"x-amzn-RequestId": request_id, "X-Amz-Executed-Version": "$LATEST"}
        if failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        self._answer(200, answer, headers)

    def _client_context(self) -> dict[str, str]:
        encoded = self.headers.get("X-Amz-Client-Context")
        if not encoded:
            return {}
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
        # One line of ASCII, valid in a header.
        return {"Lambda-Runtime-Client-Context": json.dumps(json.loads(text))}


def serve(command: list[str], directory: str, host: str = "0.0.0.0", port: int = PORT) -> None:  # noqa: S104 - a container
    """Serve invocations until SIGTERM or SIGINT. `command` starts the runtime in `directory`."""
    sandbox = Sandbox(command, directory)
    try:
        server = ThreadingHTTPServer((host, port), _handler_class(_InvokeApi, sandbox))
    except OSError as error:
        sys.exit(f"iris_model.runtime: cannot listen on port {port}: {error.strerror}; free the port and start again")
    server.daemon_threads = True

    def stop(number: int, frame: object) -> None:
        sandbox.stop()
        os._exit(0)

    # Without a handler, process 1 of a container ignores SIGTERM.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"no emulator in this image; answering POST {INVOCATION_PATH} on port {port}", flush=True)
    server.serve_forever()


def _handler_class(kind: type[BaseHTTPRequestHandler], sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    return type(kind.__name__, (kind,), {"sandbox": sandbox})


def _document(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _exit_document(request_id: str, status: int) -> bytes:
    if status == 0:
        reason = "Runtime exited without providing a reason"
    elif status > 0:
        reason = f"Runtime exited with error: exit status {status}"
    else:
        names = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGSEGV: "segmentation fault"}
        reason = f"Runtime exited with error: signal: {names.get(signal.Signals(-status), str(-status))}"
    return _document("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}")

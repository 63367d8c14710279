"""A client of the Runtime API of AWS Lambda over a raw socket.

It reads invocations and posts responses and errors. It does not depend on handlers. Source:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (version 2018-06-01). Importing `http.client` would add
32 ms to every cold start, and `socket` 5 ms. Both are built on `_socket`, which this file uses directly.
"""

from _socket import IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, getaddrinfo, socket

from iris_model import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    pass

API = "/2018-06-01/runtime/"
READ_SIZE = 65536

# No Runtime API sends a longer head: its largest header, the client context, has at most 3,583 bytes.
MAX_HEAD = 262_144


class RuntimeApiError(Exception):
    """The Runtime API refused a call or closed the connection. The runtime must exit."""

    def __init__(self, call: str, status: int, body: bytes) -> None:
        self.status = status
        text = body.decode("utf-8", "replace")
        super().__init__(f"Runtime API call {call} answered {status}: {text}" if status else f"{call}: {text}")


class LambdaRuntimeClient:
    """A client of one Runtime API: one call at a time, over one kept-alive connection.

    The class and its `post_*` methods have the same names as in awslambdaric, because monitoring libraries replace
    these methods to flush their data before the sandbox freezes.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        # As bytes: for a str, getaddrinfo first imports the codec `idna`, which imports `re` and takes 10 ms.
        self._host = host.strip("[]").encode("ascii")
        self._port = int(port)
        self._socket: socket | None = None
        self._unread = b""
        self._common = f" HTTP/1.1\r\nHost: {address}\r\nUser-Agent: iris-model/{__version__}\r\n"

    def wait_next_invocation(self) -> tuple[dict[str, str], bytes]:
        """Wait for the next invocation, without a timeout. Return its headers (names in lower case) and its event.

        Raises RuntimeApiError.
        """
        status, headers, body = self._call("GET", API + "invocation/next", "", b"")
        if status != 200:
            raise RuntimeApiError("invocation/next", status, body)
        return headers, body

    def post_invocation_result(
        self, request_id: str, body: bytes, content_type: str, invocation_id: "str | None"
    ) -> None:
        """Post the result of an invocation. Raises RuntimeApiError."""
        headers = f"Content-Type: {content_type}\r\n{_echo(invocation_id)}"
        self._post(f"invocation/{request_id}/response", headers, body)

    def post_invocation_error(
        self, request_id: str, body: bytes, error_type: str, xray_cause: str, invocation_id: "str | None"
    ) -> None:
        """Post the error document of an invocation. Raises RuntimeApiError."""
        headers = _describe_error(error_type) + _echo(invocation_id)
        # The platform's own runtime omits a cause of one MiB or more.
        if xray_cause and len(xray_cause) < 1_048_576:
            headers += f"Lambda-Runtime-Function-XRay-Error-Cause: {xray_cause}\r\n"
        self._post(f"invocation/{request_id}/error", headers, body)

    def post_init_error(self, body: bytes, error_type: str) -> None:
        """Post the error document of a failed init. The process must exit afterwards."""
        self._post("init/error", _describe_error(error_type), body)

    def wait_restore(self) -> None:
        """Report the end of the init, then wait for the restore of the snapshot, without a timeout (SnapStart).

        Raises RuntimeApiError.
        """
        status, _, body = self._call("GET", API + "restore/next", "", b"")
        self._close()  # the connection is from before the snapshot
        if status != 200:
            raise RuntimeApiError("restore/next", status, body)

    def post_restore_error(self, body: bytes, error_type: str) -> None:
        """Post the error document of a failed restore. The process must exit afterwards."""
        self._post("restore/error", _describe_error(error_type), body)

    def _post(self, call: str, headers: str, body: bytes) -> None:
        status, _, answer = self._call("POST", API + call, headers, body)
        if status != 202:
            raise RuntimeApiError(call, status, answer)

    def _call(self, method: str, path: str, headers: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        request = f"{method} {path}{self._common}{headers}{length}\r\n".encode("utf-8", "replace") + body
        try:
            if self._socket is not None:
                # The server may have closed the kept-alive connection before it read the request: send it again.
                try:
                    self._socket.sendall(request)
                    return self._read_answer()
                except (ConnectionError, _ClosedBeforeAnswer):
                    self._close()
            self._connect().sendall(request)
            return self._read_answer()
        except (OSError, _ClosedBeforeAnswer, ValueError, IndexError) as error:
            self._close()
            raise RuntimeApiError(f"Runtime API call {method} {path} failed", 0, str(error).encode()) from None

    def _connect(self) -> socket:
        family, kind, protocol, _, address = getaddrinfo(self._host, self._port, 0, SOCK_STREAM)[0]
        self._socket = connection = socket(family, kind, protocol)
        connection.connect(address)
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        self._unread = b""
        return connection

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read_answer(self) -> tuple[int, dict[str, str], bytes]:
        head = self._read_head()
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self._read_exactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self._close()
        return status, headers, body

    def _receive(self, size: int) -> bytes:
        assert self._socket is not None, "a request was sent"
        return self._socket.recv(size)

    def _read_head(self) -> bytes:
        data = self._unread
        while True:
            head, end, rest = data.partition(b"\r\n\r\n")
            if end:
                self._unread = rest
                return head
            if len(data) > MAX_HEAD:
                raise ValueError(f"the header of an answer is longer than {MAX_HEAD} bytes")
            more = self._receive(READ_SIZE)
            if not more:
                raise _ClosedBeforeAnswer("the connection was closed before an answer came")
            data += more

    def _read_exactly(self, length: int) -> bytes:
        parts = [self._unread[:length]]
        self._unread = self._unread[length:]
        missing = length - len(parts[0])
        while missing:
            more = self._receive(min(missing, 1_048_576))
            if not more:
                raise ValueError(f"the connection was closed {missing} bytes before the end of an answer")
            parts.append(more)
            missing -= len(more)
        return b"".join(parts)

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._unread:
            more = self._receive(READ_SIZE)
            if not more:
                raise ValueError("the connection was closed in the middle of an answer")
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line

    def _read_chunks(self) -> bytes:
        parts = []
        while True:
            length = int(self._read_line().split(b";")[0], 16)
            if not length:
                break
            parts.append(self._read_exactly(length))
            self._read_line()
        while self._read_line():
            pass  # trailers
        return b"".join(parts)


class _ClosedBeforeAnswer(Exception):
    """The server closed the connection without an answer, as servers do with idle connections."""


def _describe_error(error_type: str) -> str:
    """Return the headers of an error document."""
    return f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {header_text(error_type)}\r\n"


def _echo(invocation_id: "str | None") -> str:
    return f"Lambda-Runtime-Invocation-Id: {invocation_id}\r\n" if invocation_id else ""


def header_text(text: str) -> str:
    """Return the text as one line of ASCII, because an exception class may have any name."""
    return "".join(character if " " <= character <= "~" else "?" for character in text)

"""The client of `bench/local.py`: keep-alive connections over plain sockets, every answer looked at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

PATH = "/2015-03-31/functions/function/invocations"
LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Question:
    """A payload, and what the answer to it must contain."""

    payload: bytes
    expected: bytes


@dataclass
class Crowd:
    """What many clients at once got."""

    asked: int
    right: int = 0
    seconds: float = 0.0


class Connection:
    """One keep-alive connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=LIMIT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = f"{address[0]}:{address[1]}"

    def ask(self, payload: bytes) -> tuple[int, bytes]:
        """Status and body of one invocation."""
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + payload)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head_bytes, _, body = data.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head_bytes.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        while len(body) < length:
            body += self._receive()
        return int(head_bytes.split(b" ", 2)[1]), body

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _receive(self) -> bytes:
        more = self._socket.recv(65_536)
        if not more:
            raise ConnectionError("closed in the middle of an answer")
        return more


def ask_in_turn(address: tuple[str, int], question: Question, requests: int) -> None:
    """Ask over one connection, one after the other; an answer that is wrong is an error."""
    connection = Connection(address)
    try:
        for _ in range(requests):
            status, body = connection.ask(question.payload)
            if status != 200 or question.expected not in body:
                raise RuntimeError(f"{status} {body!r}; expected {question.expected!r} in it")
    finally:
        connection.close()


def ask_crowd(address: tuple[str, int], questions: Sequence[Question], *, clients: int, requests: int) -> Crowd:
    """Ask from many connections at once, each with a question of its own; what is wrong is counted, not raised."""
    crowd = Crowd(clients * requests)
    right = [0] * clients

    def run(number: int) -> None:
        question = questions[number % len(questions)]
        try:
            connection = Connection(address)
            for _ in range(requests):
                status, body = connection.ask(question.payload)
                right[number] += status == 200 and question.expected in body
            connection.close()
        except (OSError, StopIteration):
            pass  # the rest of this client's questions stay unanswered, and count as such

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crowd.seconds = time.perf_counter() - started
    crowd.right = sum(right)
    return crowd

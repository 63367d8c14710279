"""One cold start of a runtime alone: from the start of its process to its first correct answer, without an emulator.

The Runtime API is two prepared messages on a socket, so that almost all of the measured time is the runtime's.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import time
from pathlib import Path

from tests.support.rie_process import lambda_environment

from bench.peers import Contender
from bench.sandbox import LIMIT_SECONDS, PAYLOAD, ColdStart, high_water_mark_bytes

_NEXT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
    b"Lambda-Runtime-Deadline-Ms: 9999999999999\r\n"
    b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:iris\r\n"
    b"Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n"
    b"Content-Length: %d\r\n\r\n%s"
) % (len(PAYLOAD), PAYLOAD)
_ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n'
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def measure_alone(contender: Contender) -> ColdStart:
    """Start, hand out one event, check the answer, stop."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        environment = lambda_environment(
            contender.directory, {**dict(contender.environment), "AWS_LAMBDA_RUNTIME_API": address}
        )
        nowhere = os.open(os.devnull, os.O_RDWR)
        files = [(os.POSIX_SPAWN_DUP2, nowhere, number) for number in (0, 1, 2)]
        before = Path.cwd()
        os.chdir(contender.directory)  # the child inherits it
        started = time.perf_counter()
        pid = os.posix_spawn(contender.command[0], contender.command, environment, file_actions=files)
        try:
            answer, found = _serve(listening, started, pid)
            if contender.expected.encode() not in answer:
                raise RuntimeError(f"{contender.name} answered {answer!r}; expected {contender.expected} in it")
            return found
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.chdir(before)
            os.close(nowhere)


def _serve(listening: socket.socket, started: float, pid: int) -> tuple[bytes, ColdStart]:
    """Return the first answer, the seconds until it was here, and the peak memory of the runtime after it."""
    waiting: dict[socket.socket, bytes] = {}
    answer, seconds = b"", 0.0
    try:
        while True:
            ready = select.select([listening, *waiting], [], [], LIMIT_SECONDS)[0]
            if not ready:
                raise TimeoutError("the runtime does not answer")
            for each in ready:
                if each is listening:
                    waiting[listening.accept()[0]] = b""
                    continue
                received = each.recv(65536)
                if not received:
                    each.close()
                    del waiting[each]
                    continue
                waiting[each] += received
                head, end, body = waiting[each].partition(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if not end or len(body) < (int(length[1]) if length else 0):
                    continue
                waiting[each] = b""
                if head.startswith(b"POST"):
                    seconds, answer = time.perf_counter() - started, body
                    each.sendall(_ACCEPTED)
                elif answer:
                    return answer, ColdStart(seconds, high_water_mark_bytes(pid))
                else:
                    each.sendall(_NEXT)
    finally:
        for each in waiting:
            each.close()

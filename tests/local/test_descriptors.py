"""More sandboxes than this machine has descriptors for: the caller is throttled, and the function is not blamed."""

from __future__ import annotations

import json
import os
import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.support.foreign_service import serving
from tests.support.requirement import Missing, require


def _need_root() -> None:
    if os.geteuid() != 0:
        raise Missing("the service is started with a hard limit of its own, by root")


@pytest.fixture(autouse=True)
def root() -> None:
    require(_need_root)


@pytest.mark.slow
def test_a_sandbox_too_many_is_throttled_with_a_sentence():
    # About six descriptors each: not all of twelve sandboxes at once fit.
    limit = ["prlimit", "--nofile=75:75"]
    with serving("root", before=limit) as service, ThreadPoolExecutor(12) as clients:
        replies = list(clients.map(lambda _: service.invoke({"do": "wait", "seconds": 1.5}), range(12)))
        statuses = {reply.status for reply in replies}
        assert statuses == {200, 429}, statuses
        assert not [reply for reply in replies if reply.header("x-amz-function-error")]
        refused = next(reply for reply in replies if reply.status == 429)
        assert json.loads(refused.body)["Reason"] == "ConcurrentInvocationLimitExceeded"
        assert any("cannot start another sandbox" in line for line in service.log_lines())
        assert service.invoke({"do": "wait", "seconds": 0}).status == 200


@pytest.mark.slow
def test_more_clients_than_descriptors_wait_with_a_sentence():
    with serving("root", before=["prlimit", "--nofile=64:64"]) as service, ExitStack() as clients:
        address = urlsplit(service.url)
        for _ in range(60):
            clients.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
        limit = time.monotonic() + 10
        while not (said := [line for line in service.log_lines() if "Clients wait" in line]):
            assert time.monotonic() < limit
            time.sleep(0.05)
        assert said[0].strip() == "Clients wait: Too many open files. Raise the limit with `ulimit -n`."
        assert not [line for line in service.log_lines() if "Traceback" in line or "Error" in line]
        clients.close()
        assert service.invoke({"do": "wait", "seconds": 0}).status == 200


@pytest.mark.slow
def test_the_soft_limit_is_raised_and_a_function_has_that_of_lambda():
    with serving("root", before=["prlimit", "--nofile=256:4096"]) as service:
        assert service.process is not None
        assert resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE) == (4096, 4096)
        pid = service.invoke({"do": "wait", "seconds": 0}).json()
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (1024, 1024)

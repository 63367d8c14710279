"""Harmful functions: no other request is lost or gets a wrong answer, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from iris_model.local import FunctionSettings
from iris_model.local.machine.memory import MIB
from tests.local.conftest import make_settings
from tests.local.test_sandbox import error_of, is_alive, wait_until
from tests.support.local_service import HANDLERS, RunningService, running
from tests.support.spread import spread


def hostile(**changes: Any) -> FunctionSettings:
    """The harmful function."""
    return make_settings(**{"name": "hostile", "handler": "hostile.handler", "timeout_seconds": 10, **changes})


@contextmanager
def among_others(*settings: FunctionSettings) -> Iterator[RunningService]:
    """The service, while four clients of another function ask it all the time; each must get its own answer, always."""
    bystander = make_settings(name="bystander", timeout_seconds=30)
    with running([*settings, bystander]) as service, ThreadPoolExecutor(4) as clients:
        done = threading.Event()

        def ask(client: int) -> int:
            count = 0
            while not done.wait(0.005) or not count:  # a pause, since they only need to be there
                event = [client, count]
                assert service.invoke(event, name="bystander").json() == event
                count += 1
            return count

        asked = [clients.submit(ask, client) for client in range(4)]
        try:
            yield service
        finally:
            done.set()
        assert all(each.result() for each in asked)


def test_sandbox_killed_in_the_middle_of_a_request() -> None:
    with among_others(hostile()) as service, ThreadPoolExecutor(3) as clients:
        replies = [clients.submit(service.invoke, {"do": "wait", "seconds": 3}, name="hostile") for _ in range(3)]
        wait_until(lambda: _count_starts(service, "hostile") == 3)
        victim = _children_of("hostile.handler")[0]
        os.kill(victim, signal.SIGKILL)
        answers = [reply.result().json() for reply in replies]
    (failed,) = (answer for answer in answers if isinstance(answer, dict))
    assert failed["errorType"] == "Runtime.ExitError"
    assert failed["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    pids = {answer for answer in answers if isinstance(answer, int)}
    assert len(pids) == 2
    assert victim not in pids


def _count_starts(service: RunningService, function: str) -> int:
    assert service.lambda_ is not None
    lines = service.lambda_.log_book.after(0)
    return sum(line["function"] == function and line["text"].startswith("START ") for line in lines)


def _children_of(handler: str) -> list[int]:
    found = []
    for child in psutil.Process().children():
        try:
            if child.cmdline()[-1:] == [handler]:
                found.append(child.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
def test_grandchild_that_left_the_session_ends_with_the_sandbox() -> None:
    with among_others(hostile()) as service:
        told = service.invoke({"do": "leave_session"}, name="hostile").json()
        assert is_alive(told["grandchild"])
        assert os.getsid(told["grandchild"]) != told["pid"]
        os.kill(told["pid"], signal.SIGKILL)
        wait_until(lambda: not is_alive(told["grandchild"]))
        again = service.invoke({"do": "leave_session"}, name="hostile").json()
        assert is_alive(again["grandchild"])
    assert not is_alive(again["grandchild"])


@pytest.mark.slow
def test_fork_whose_child_answers_as_well() -> None:
    with among_others(hostile(timeout_seconds=2)) as service:
        service.invoke({"do": "fork_and_answer_twice"}, name="hostile")
        # Either process may answer first. Afterwards the sandbox is consistent or replaced: answers match their requests.
        for number in range(5):
            reply = service.invoke([number], name="hostile")
            assert reply.json() == [number] or reply.header("x-amz-function-error") == "Unhandled"
        assert service.invoke(["last"], name="hostile").json() == ["last"]


def test_handler_that_closes_the_connection() -> None:
    with among_others(hostile(timeout_seconds=2)) as service:
        reply = service.invoke({"do": "close_everything"}, name="hostile")
        assert reply.json() == "closed" or reply.header("x-amz-function-error") == "Unhandled"
        assert service.invoke([1], name="hostile").json() == [1]


@pytest.mark.slow
def test_flood_of_wrong_request_ids() -> None:
    with among_others(hostile()) as service:
        assert service.invoke({"do": "flood", "times": 1000}, name="hostile").json() == [400]
        assert service.invoke([1], name="hostile").json() == [1]


@pytest.mark.slow
def test_threads_at_exit() -> None:
    with among_others(hostile(timeout_seconds=3)) as service:
        kind, _ = error_of(service.invoke({"do": "threads_at_exit"}, name="hostile"))
        assert kind in ("Sandbox.Timedout", "Runtime.ExitError")
        assert service.invoke([1], name="hostile").json() == [1]


@pytest.mark.slow
def test_runtime_that_never_reads(tmp_path: Path) -> None:
    entry = tmp_path / "iris_model" / "runtime" / "__main__.py"
    entry.parent.mkdir(parents=True)
    shutil.copy(HANDLERS / "deaf_runtime.py", entry)
    deaf = make_settings(name="deaf", directory=tmp_path, timeout_seconds=1)
    with among_others(deaf) as service:
        kind, _ = error_of(service.invoke("x" * 5_000_000, name="deaf"))
        assert kind == "Sandbox.Timedout"
        # It asked for the event, and so did not fail before.
        assert not [line for line in service.lines if "Phase: init" in line]


@pytest.mark.slow
def test_a_hundred_megabytes_of_output_are_not_kept_in_memory() -> None:
    writer = make_settings(timeout_seconds=60, memory_mib=512)
    with among_others(writer) as service:
        line = "x" * 65_535 + "\n"
        before = psutil.Process().memory_info().rss
        assert service.invoke({"do": "write", "text": line, "times": 1600}, name="behave").status == 200
        service.lines.clear()  # the terminal's copy: the test keeps it, the service does not
        assert psutil.Process().memory_info().rss - before < 160 * MIB  # of which the test's own copy is 100
        assert service.lambda_ is not None
        kept = service.lambda_.log_book.after(0)
        assert sum(len(each["text"]) for each in kept) <= 4 * MIB + 65_536


@pytest.mark.parametrize("call", spread(["response", "error"], 2))
def test_an_answer_of_a_hundred_megabytes_is_not_kept(call: str, tmp_path: Path) -> None:
    """It is counted, not stored: the memory of the service may grow by Lambda's limit and a constant."""
    entry = tmp_path / "iris_model" / "runtime" / "__main__.py"
    entry.parent.mkdir(parents=True)
    shutil.copy(HANDLERS / "large_runtime.py", entry)
    talker = make_settings(name="talker", directory=tmp_path, timeout_seconds=30)
    with among_others(talker) as service, ThreadPoolExecutor(1) as client:
        before = most = psutil.Process().memory_info().rss
        reply = client.submit(service.invoke, {"call": call, "mib": 100}, name="talker")
        while not reply.done():
            most = max(most, psutil.Process().memory_info().rss)
            time.sleep(0.002)
        assert error_of(reply.result()) == (
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )
        assert most - before < 32 * MIB
        # The same process continues: it has read the refusal.
        told = service.invoke({}, name="talker").json()
    message = {
        "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "RequestEntityTooLarge",
    }
    assert told == [413, message]


def test_one_file_beyond_the_size_of_tmp_is_refused() -> None:
    with running(hostile()) as service:
        fits = {"do": "write_file", "path": "$TMP/small", "seek": 100}
        assert service.invoke(fits).json() == 101
        beyond = {"do": "write_file", "path": "$TMP/large", "seek": 512 * MIB}
        assert service.invoke(beyond).json()["errno"] == "EFBIG"


def test_tmp_survives_reuse_and_a_crash_and_is_not_shared() -> None:
    with running(hostile()) as service, ThreadPoolExecutor(2) as clients:
        assert [service.invoke({"do": "remember"}).json() for _ in range(2)] == [1, 2]
        error_of(service.invoke({"do": "remember", "exit": 3}))
        assert service.invoke({"do": "remember"}).json() == 4
        listings = dict(clients.map(lambda _: service.invoke({"do": "list_tmp", "seconds": 1}).json(), range(2)))
        assert sorted(listings.values()) == [[], ["remembered"]]


def test_a_function_gets_no_sigterm_without_an_extension(tmp_path: Path) -> None:
    # As in Lambda (aws/aws-lambda-extensions issue 63, cargo-lambda issue 853).
    with running(hostile()) as service:
        pid = service.invoke({"do": "note_the_end", "path": str(tmp_path / "mark")}).json()
    assert not (tmp_path / "mark").exists()
    assert not is_alive(pid)


@pytest.mark.slow
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def once() -> None:
        with running([hostile(), make_settings()]) as service:
            service.invoke({"do": "remember", "exit": 1}, name="hostile")
            service.invoke({"do": "write_file", "path": "$TMP/a/b", "mib": 1, "parents": True}, name="hostile")
            service.invoke({"do": "leave_session"}, name="hostile")
            service.invoke([1], name="behave")
            assert len(list(tmp_path.glob("iris-model-*/*"))) == 2

    once()
    before = descriptors()
    once()
    assert descriptors() <= before
    assert list(tmp_path.iterdir()) == []

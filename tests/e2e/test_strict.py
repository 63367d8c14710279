"""Strict mode, as root and as a user without rights: what breaks on AWS but works on a laptop breaks here too."""

from __future__ import annotations

import http.server
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.local.test_sandbox import error_of, wait_until
from tests.support.foreign_service import ForeignService, python_of, serving
from tests.support.local_service import HANDLERS
from tests.support.requirement import require

pytestmark = pytest.mark.e2e

STRICT = {"strict": True}


@pytest.fixture(scope="module", params=["root", "nobody"])
def user(request: pytest.FixtureRequest) -> str:
    """Who runs the service."""
    require(lambda: python_of(request.param))
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture(scope="module")
def service(user: str) -> Iterator[ForeignService]:
    """A service that no test breaks."""
    with serving(user, sandbox=STRICT) as service:
        yield service


def test_a_foreign_user_without_rights_in_a_small_world(service: ForeignService) -> None:
    told = service.invoke({"do": "whoami"}).json()
    assert (told["uid"], told["user"]) == (993, "0000000000000000")
    assert (told["cwd"], told["root"], told["tmp"]) == ("/var/task", "/var/task", "/tmp")
    assert {"home", "srv", "mnt", "sys"}.isdisjoint(told["listing"])
    assert not [line for line in service.log_lines() if "(refused: " in line]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"do": "write_file", "path": "$HOME/.cache/model", "parents": True}, "EROFS"),
        ({"do": "write_file", "path": "/var/task/beside.txt"}, "EROFS"),
        ({"do": "write_file", "path": "/dev/shm/segment"}, "ENOENT"),
        ({"do": "write_file", "path": "/opt/file"}, "EROFS"),
        ({"do": "semaphore"}, "ENOENT"),  # the SemLock of multiprocessing, and so of joblib
        ({"do": "connect", "host": "192.0.2.1", "port": 80}, "ENETUNREACH"),
    ],
)
def test_operations_that_fail_on_lambda_fail_here(service: ForeignService, event: dict[str, Any], error: str) -> None:
    assert service.invoke(event).json()["errno"] == error


def test_tmp_is_full_at_its_size_and_is_not_memory(user: str) -> None:
    with serving(user, sandbox={**STRICT, "cpu_share": False}, timeout_seconds=30) as service:
        fill = {"do": "write_file", "path": "/tmp/large", "mib": 511}
        assert service.invoke(fill).json() == 511 * 1024 * 1024
        assert service.invoke({**fill, "mib": 2}).json()["errno"] == "ENOSPC"
        wait_until(lambda: any(line.startswith("REPORT") for line in service.log_lines()))
        report = next(line for line in service.log_lines() if line.startswith("REPORT"))
        assert int(report.split("Max Memory Used: ")[1].split()[0]) < 64


def test_tmp_survives_a_crash_and_is_not_shared(user: str) -> None:
    with serving(user, sandbox=STRICT) as service, ThreadPoolExecutor(2) as clients:
        assert [service.invoke({"do": "remember"}).json() for _ in range(2)] == [1, 2]
        kind, message = error_of(service.invoke({"do": "remember", "exit": 3}))
        assert (kind, message) == (
            "Runtime.ExitError",
            "RequestId: <id> Error: Runtime exited with error: exit status 3",
        )
        assert service.invoke({"do": "remember"}).json() == 4
        # Both at the same time, for longer than a sandbox takes to start.
        listings = dict(clients.map(lambda _: service.invoke({"do": "list_tmp", "seconds": 3}).json(), range(2)))
        # A function below /tmp brings the path to it, in both.
        first, second = sorted(map(set, listings.values()), key=len)
        assert second - first == {"remembered"}
        assert "remembered" not in first


def test_failures_are_reported_as_without_it(user: str) -> None:
    with serving(user, sandbox=STRICT, timeout_seconds=1) as service:
        assert error_of(service.invoke({"do": "wait", "seconds": 60}))[0] == "Sandbox.Timedout"
        assert service.invoke([1]).json() == [1]
    # Time enough to be beyond the memory first, however busy the machine is.
    with serving(user, sandbox=STRICT, timeout_seconds=60) as service:
        assert error_of(service.invoke({"do": "allocate", "mib": 3000}))[0] == "Runtime.OutOfMemory"
        assert service.invoke([2]).json() == [2]
    with serving(user, sandbox=STRICT, handler="missing_import.handler") as service:
        assert error_of(service.invoke([1]))[0] == "Runtime.ImportModuleError"


@pytest.mark.awslambdaric
def test_awslambdaric_runs_in_it_too(user: str) -> None:
    with serving(user, sandbox=STRICT, runtime="awslambdaric") as service:
        told = service.invoke({"do": "whoami"})
        if user == "root" or told.header("x-amz-function-error") is None:
            assert told.json()["uid"] == 993
        else:  # its Python is the system's, which has no awslambdaric
            assert error_of(told)[0] == "Runtime.ExitError"


def test_network_when_asked_for(user: str) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with serving(user, sandbox={**STRICT, "network": True}) as service:
            event = {"do": "connect", "host": "127.0.0.1", "port": server.server_port}
            assert service.invoke(event).json() == 200
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nothing_outlives_the_service(user: str) -> None:
    with serving(user, sandbox=STRICT) as service:
        service.invoke({"do": "leave_session"})
        assert service.process is not None
        family = _family(service.process.pid)
        assert len(family) >= 4  # outer, first, runtime, grandchild
        os.kill(service.process.pid, signal.SIGKILL)
        wait_until(lambda: not any(each.is_running() and each.status() != "zombie" for each in family))


def test_crash_of_the_first_process_costs_one_sandbox(user: str) -> None:
    with serving(user, sandbox=STRICT) as service:
        service.invoke([1])
        assert service.process is not None
        inits = [each for each in _family(service.process.pid) if any("strict_init" in part for part in each.cmdline())]
        for each in inits:
            each.kill()
        wait_until(lambda: not any(each.is_running() and each.status() != "zombie" for each in inits))
        replies = [service.invoke([number]) for number in range(3)]
        assert [reply.json() for reply in replies][1:] == [[1], [2]]


def test_modes_that_forbid_others(user: str, tmp_path: Path) -> None:
    task = tmp_path / "task"
    task.mkdir()
    shutil.copy(HANDLERS / "hostile.py", task)
    shutil.copy(HANDLERS / "missing_import.py", task / "private.py")
    for parent in (task, *task.parents):
        if parent.is_relative_to(tempfile.gettempdir()) and parent != Path(tempfile.gettempdir()):
            parent.chmod(0o755)
    (task / "private.py").chmod(0o600)
    if user != "root" and os.geteuid() == 0:
        os.chown(task / "private.py", 65_534, 65_534)
    with serving(user, sandbox=STRICT, directory=str(task), handler="private.handler") as service:
        kind, message = error_of(service.invoke([1]))
        told = [line for line in service.log_lines() if line.startswith("Not enforced here: private.py can be read")]
    if user == "root":
        assert kind == "PermissionError"
        assert "/var/task/private.py" in message
        assert not told
    else:
        assert len(told) == 1


def test_limits_that_cannot_be_enforced_are_listed() -> None:
    unshare = shutil.which("unshare")
    assert unshare is not None
    require(lambda: python_of("nobody"))
    script = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --inh-caps=-all --ambient-caps=-all "$@"'
    before = [unshare, "--user", "--map-current-user", "--keep-caps", "sh", "-c", script, "sh"]
    with serving("nobody", before=before, sandbox=STRICT) as service:
        assert service.invoke({"do": "whoami"}).json()["uid"] != 993
        lines = [line for line in service.log_lines() if line.startswith("Not enforced here: ")]
    assert len([line for line in lines if "refused: " in line]) == 5


def _family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)

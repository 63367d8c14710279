"""`serve --image`: real containers as sandboxes, from images of several builders; all are removed at the end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from iris_model.errors import LocalError
from iris_model.local import FunctionSettings, ImageSettings, SandboxSettings
from iris_model.local.machine.docker_place import describe_process
from tests.local.conftest import make_settings
from tests.local.test_sandbox import error_of, wait_until
from tests.support.docker_engine import build, docker
from tests.support.foreign_service import serving
from tests.support.local_service import HANDLERS, RunningService, running

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def hostile_image(lambda_python: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The function that does harm, on the AWS base image with its own entry point."""
    context = tmp_path_factory.mktemp("hostile")
    for name in ("hostile.py", "missing_import.py"):
        (context / name).write_bytes((HANDLERS / name).read_bytes())
    (context / "Dockerfile").write_text(
        f'FROM {lambda_python}\nCOPY *.py /var/task/\nENV GREETING=from-the-image\nCMD ["hostile.handler"]\n'
    )
    return build("iris-model-test/hostile:latest", context)


def of_image(reference: str, **changes: Any) -> FunctionSettings:
    """A function of an image; `changes` of the image by `entry_point`, `command` and `working_directory`."""
    names = ("entry_point", "command", "working_directory")
    image = ImageSettings(reference, **{name: changes.pop(name) for name in names if name in changes})
    sandbox = SandboxSettings(image=image, **{"cpu_share": False, **changes.pop("sandbox", {})})
    values = {"name": "contained", "directory": Path("/nonexistent"), "handler": "", "timeout_seconds": 20}
    return make_settings(**values | {"sandbox": sandbox} | changes)


@pytest.fixture(scope="module")
def service(hostile_image: str) -> Iterator[RunningService]:
    """A service that no test breaks."""
    with running(of_image(hostile_image)) as service:
        yield service
    assert not _left_of(describe_process(os.getpid()))


def _left_of(owner: str) -> list[str]:
    """The containers and networks of a service, by how its process is described."""
    labelled = ["--filter", f"label=iris-model.service={owner}"]
    found = docker("ps", "--all", "--quiet", *labelled).stdout.split()
    return found + docker("network", "ls", "--quiet", *labelled).stdout.split()


def test_the_world_of_a_container(service: RunningService) -> None:
    told = service.invoke({"do": "whoami"}).json()
    assert (told["uid"], told["user"], told["tmp"]) == (993, "0000000000000000", "/tmp")
    assert (told["cwd"], told["home"]) == ("/var/task", "/home/sbx_user1051")
    wait_until(lambda: any(line.startswith("REPORT") for line in service.lines))
    report = next(line for line in service.lines if line.startswith("REPORT"))
    assert 5 < int(report.split("Max Memory Used: ")[1].split()[0]) < 80
    assert 10 < float(report.split("Init Duration: ")[1].split()[0]) < 9000


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"do": "write_file", "path": "$HOME/.cache/model", "parents": True}, "EROFS"),
        ({"do": "write_file", "path": "/var/task/beside.txt"}, "EROFS"),
        ({"do": "semaphore"}, "ENOENT"),
        ({"do": "connect", "host": "192.0.2.1", "port": 80}, None),
    ],
)
def test_operations_that_fail_on_lambda_fail_here(
    service: RunningService, event: dict[str, Any], error: str | None
) -> None:
    told = service.invoke(event).json()
    assert told["errno"] == error or (error is None and told["text"])  # unreachable, or a packet that nobody answers


def test_tmp_is_full_at_its_size(service: RunningService) -> None:
    fill = {"do": "write_file", "path": "/tmp/large", "mib": 513}
    assert service.invoke(fill).json()["errno"] == "ENOSPC"


def test_one_container_per_concurrent_invocation_reused_warm(hostile_image: str) -> None:
    with running(of_image(hostile_image)) as service, ThreadPoolExecutor(2) as clients:
        assert [service.invoke({"do": "remember"}).json() for _ in range(2)] == [1, 2]
        list(clients.map(lambda _: service.invoke({"do": "wait", "seconds": 3}), range(2)))
        assert service.lambda_ is not None
        assert service.lambda_.functions["contained"].pool.sandbox_count == 2
        assert sorted(service.invoke({"do": "remember"}).json() for _ in range(2)) in ([1, 2], [1, 3], [3, 4])


def test_failures_are_reported_as_for_processes(hostile_image: str) -> None:
    with running(of_image(hostile_image, timeout_seconds=4)) as service:
        assert error_of(service.invoke({"do": "remember", "exit": 3})) == (
            "Runtime.ExitError",
            "RequestId: <id> Error: Runtime exited with error: exit status 3",
        )
        assert error_of(service.invoke({"do": "wait", "seconds": 60}))[0] == "Sandbox.Timedout"
        assert error_of(service.invoke({"do": "allocate", "mib": 3000}))[0] == "Runtime.OutOfMemory"
        assert service.invoke([1]).json() == [1]


def test_overrides_as_image_config(hostile_image: str) -> None:
    missing = of_image(hostile_image, command=("missing_import.handler",))
    with running(missing) as service:
        assert error_of(service.invoke([1]))[0] == "Runtime.ImportModuleError"
    ric = of_image(
        hostile_image,
        entry_point=("python3", "-m", "awslambdaric"),
        working_directory="/tmp",
        environment={"PYTHONPATH": "/var/runtime:/var/task"},
    )
    with running(ric) as service:
        assert service.invoke({"do": "whoami"}).json()["cwd"] == "/tmp"
    with running(of_image(hostile_image, entry_point=("/no/such/program",))) as service:
        kind, message = error_of(service.invoke([1]))
        assert kind == "Runtime.InvalidEntrypoint"
        assert "/no/such/program" in message


def test_our_own_image(iris_image: str) -> None:
    with running(of_image(iris_image, route="/iris-prediction")) as service:
        assert service.invoke([5.1, 3.5, 1.4, 0.2]).json()["prediction"] == "setosa"
        reply = service.request("POST", "/default/iris-prediction", b"[5.1, 3.5, 1.4, 0.2]")
        assert json.loads(reply.body)["prediction"] == "setosa"


def test_network_when_asked_for(hostile_image: str) -> None:
    # No packet leaves this machine: the gateway of the open network refuses the connection, which proves a way to it.
    with running(of_image(hostile_image, sandbox={"network": True})) as service:
        told = service.invoke({"do": "connect", "host": "172.17.0.1", "port": 9}).json()
        assert told["errno"] == "ECONNREFUSED"


def test_share_of_a_processor(hostile_image: str) -> None:
    with running(of_image(hostile_image, memory_mib=256, sandbox={"cpu_share": True})) as service:
        service.invoke([1])
        # A seventh of a processor; less than half of that factor tells it from a whole one.
        assert service.invoke({"do": "spin", "seconds": 0.2}).json() > 0.2 * 1769 / 256 * 0.4


def test_extensions_of_an_image_are_named(hostile_image: str, service: RunningService, tmp_path: Path) -> None:
    (tmp_path / "collector").write_bytes(b"#!/bin/sh\n" + bytes(2 << 20))
    (tmp_path / "Dockerfile").write_text(f"FROM {hostile_image}\nCOPY collector /opt/extensions/collector\n")
    with running(of_image(build("iris-model-test/extended:latest", tmp_path))) as extended:
        assert extended.invoke({"do": "whoami"}).status == 200
    said = [line for line in extended.written if "extensions" in line]
    assert len(said) == 1
    assert "/opt/extensions/collector" in said[0] and "does not" in said[0]
    assert not [line for line in service.written if "extensions" in line]


def test_image_that_is_not_here() -> None:
    with (
        pytest.raises(LocalError, match=r"image 'no-such/image:1' is not in Docker Engine"),
        running(of_image("no-such/image:1")),
    ):
        pass


def test_nothing_outlives_the_service(hostile_image: str) -> None:
    with serving("root", name="contained", handler="", sandbox={"image": {"reference": hostile_image}}) as service:
        service.invoke([1])
        assert service.process is not None
        owner = describe_process(service.process.pid)
        assert len(_left_of(owner)) == 2
        os.kill(service.process.pid, signal.SIGKILL)
        wait_until(lambda: not _left_of(owner), seconds=20)


def test_next_service_removes_what_a_dead_one_left(hostile_image: str) -> None:
    label = ("--label", "iris-model.service=999999-1")
    docker("run", "--detach", *label, "--entrypoint", "sleep", hostile_image, "600")
    docker("network", "create", *label, "iris-model-test-left")
    assert len(_left_of("999999-1")) == 2
    with running(of_image(hostile_image)):
        assert not _left_of("999999-1")

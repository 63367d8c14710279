"""Memory, vCPUs, and provisioned sandboxes: limited by control groups where this user may make them, else by polling."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from iris_model.local import FunctionSettings
from iris_model.local.configuration.sandbox_settings import SandboxSettings
from iris_model.local.configuration.settings import find_problems
from iris_model.local.machine.cgroups import CgroupPlace, find_cgroups
from iris_model.local.machine.host import Host
from iris_model.local.machine.memory import MIB, MemoryMeter
from iris_model.local.sandboxes.concurrency import Concurrency, Gate, Throttled
from tests.local.conftest import make_settings
from tests.local.test_sandbox import error_of, is_alive, reports, wait_until
from tests.support.local_service import HANDLERS, running
from tests.support.requirement import Missing, require


def hostile(sandbox: SandboxSettings = SandboxSettings(), **changes: Any) -> FunctionSettings:
    """The function that follows its event, in a sandbox of these settings."""
    values: dict[str, Any] = {
        "name": "hostile",
        "handler": "hostile.handler",
        "timeout_seconds": 20,
        "sandbox": sandbox,
    }
    return make_settings(**values | changes)


def _need_cgroups() -> CgroupPlace:
    place = find_cgroups()
    if place.missing:
        raise Missing(f"this user may make no control groups here ({', '.join(place.missing)})")
    return place


@pytest.fixture
def cgroups() -> CgroupPlace:
    """Where control groups can be made."""
    return require(_need_cgroups)


def test_kernel_kills_beyond_the_memory_of_the_group(cgroups: CgroupPlace) -> None:
    with running(hostile(memory_mib=128)) as service:
        # So fast that no watch could see it.
        kind, message = error_of(service.invoke({"do": "allocate", "mib": 2000}))
        assert (kind, message.rpartition("error: ")[2]) == ("Runtime.OutOfMemory", "signal: killed")
        name = "iris-model-" + service.invoke({"do": "whoami"}).json()["sandbox"]
        groups = [parent / name for parent in cgroups.parents.values()]
        assert all(path.is_dir() for path in groups)
    killed, _ = reports(service)
    assert (killed["used"], killed["status"]) == ("128", "error")
    assert not any(path.exists() for path in groups)


def test_group_takes_in_and_ends_what_left_the_session(cgroups: CgroupPlace) -> None:
    group = cgroups.create(f"iris-model-test-{os.getpid()}", 64 * MIB)
    child = psutil.Popen(["setsid", "--fork", "sh", "-c", "sleep 600 & echo ready; wait"], stdout=-1)
    try:
        group.add(child.pid)
        with psutil.Popen(["sh", "-c", "sleep 0.05; setsid --fork sleep 600"]) as starter:
            group.add(starter.pid)
        wait_until(lambda: group.members())
        members = group.members()
        group.remove()
        wait_until(lambda: not any(is_alive(pid) for pid in members))
        assert not any(path.exists() for path in group.directories)
    finally:
        child.stdout.close()
        child.wait()


@pytest.mark.slow
def test_fork_bomb_ends_at_the_number_of_processes(cgroups: CgroupPlace) -> None:
    with running(hostile(memory_mib=2048)) as service:
        told = service.invoke({"do": "fork_bomb", "most": 1100}).json()
        assert told == {"children": 1023, "errno": "EAGAIN"}
        assert len(cgroups.parents) == 3
        assert service.invoke([1]).json() == [1]


def test_share_of_a_processor_after_init_only(cgroups: CgroupPlace) -> None:
    held = SandboxSettings(cpu_share=True)
    with running(hostile(held, memory_mib=256)) as service:
        service.invoke([1], name="hostile")
        slow = service.invoke({"do": "spin", "seconds": 0.2}, name="hostile").json()
    # 256 of 1,769 MB is a seventh of a processor, however idle the machine is; less than half of that factor tells it from a
    # whole processor, whatever is left over from the period before.
    assert slow > 0.2 * 1769 / 256 * 0.4


def _tree(root: Path, controllers: str, own: str, mounts: str) -> Path:
    proc = root / "proc"
    proc.mkdir(parents=True)
    (proc / "cgroup").write_text(own)
    (proc / "mountinfo").write_text(mounts)
    return proc


def test_version_2_takes_the_nearest_delegated_ancestor(tmp_path: Path) -> None:
    mount = tmp_path / "cgroup"
    slices = mount / "user.slice" / "app.slice"
    scope = slices / "terminal.scope"
    scope.mkdir(parents=True)
    for directory, given in ((mount, "cpu memory pids"), (slices, "memory cpu"), (scope, "")):
        (directory / "cgroup.subtree_control").write_text(given + "\n")
        (directory / "cgroup.procs").write_text("")
    line = f"30 20 0:26 / {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
    proc = _tree(tmp_path, "", "0::/user.slice/app.slice/terminal.scope\n", line)
    place = find_cgroups(proc)
    assert place == CgroupPlace(2, {"memory": slices, "cpu": slices})
    group = place.create("one", 5 * MIB)
    group.limit_processors(0.25)
    assert group.directories == [slices / "one"]
    assert {name: (slices / "one" / name).read_text() for name in ("memory.max", "cpu.max")} == {
        "memory.max": str(5 * MIB),
        "cpu.max": "5000 20000",
    }
    (slices / "one" / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n")
    assert group.count_memory_kills() == 2
    (slices / "one" / "memory.stat").write_text("anon 4096\nfile 8192\nanon_thp 0\n")
    assert group.anonymous_bytes() == 4096


def test_no_groups_where_none_may_be_made(tmp_path: Path) -> None:
    proc = _tree(tmp_path, "", "0::/\n", f"30 20 0:26 / {tmp_path / 'nowhere'} rw - cgroup2 cgroup2 rw\n")
    assert find_cgroups(proc).missing == ["memory", "cpu", "pids"]
    assert find_cgroups(tmp_path / "absent").missing == ["memory", "cpu", "pids"]


def test_peak_of_a_tree_counts_the_children() -> None:
    with running(hostile(memory_mib=512)) as service:
        assert service.invoke({"do": "allocate_in_children", "children": 2, "mib": 50, "seconds": 0.5}).json() == [0, 0]
    (report,) = reports(service)
    assert 100 <= int(report["used"]) < 160


def test_meter_agrees_with_psutil_and_with_the_kernel() -> None:
    meter = MemoryMeter(os.getpid())
    block = bytearray(32 * MIB)
    reading = meter.read()
    assert reading is not None
    assert abs(reading.used - psutil.Process().memory_info().rss) < 4 * MIB
    del block
    after = meter.read()
    assert after is not None
    assert after.peak >= reading.used - MIB
    meter.close()
    assert meter.read() is None


@pytest.mark.slow
def test_provisioned_sandboxes_are_ready_and_are_kept() -> None:
    ready = SandboxSettings(provisioned_concurrency=2)
    with running(hostile(ready, idle_timeout_seconds=0.2)) as service, ThreadPoolExecutor(3) as clients:
        assert service.lambda_ is not None
        pool = service.lambda_.functions["hostile"].pool
        assert pool.sandbox_count == 2  # before anybody has asked
        inits = [line for line in service.lines if line.startswith("INIT_REPORT")]
        assert len(inits) == 2
        assert all(line.endswith("\tPhase: init\tStatus: success") for line in inits)
        told = service.invoke({"do": "whoami"}).json()
        assert told["type"] == "provisioned-concurrency"
        replies = [clients.submit(service.invoke, {"do": "wait", "seconds": 0.6}) for _ in range(3)]
        wait_until(lambda: pool.sandbox_count == 3)  # beyond them, on demand
        assert all(reply.result().status == 200 for reply in replies)
        wait_until(lambda: pool.sandbox_count == 2)  # the third is reaped, they are not
        os.kill(told["pid"], signal.SIGKILL)
        wait_until(lambda: not is_alive(told["pid"]))
        assert {service.invoke({"do": "whoami"}).json()["type"] for _ in range(3)} == {"provisioned-concurrency"}


def test_provisioned_init_that_fails_does_not_keep_the_service_from_starting() -> None:
    broken = make_settings(handler="missing_import.handler", sandbox=SandboxSettings(provisioned_concurrency=1))
    with running(broken) as service:
        assert error_of(service.invoke([1]))[0] == "Runtime.ImportModuleError"


def test_reserved_concurrency_is_taken_from_the_others() -> None:
    account = Concurrency(limit=3)
    reserved, others = Gate(account, 2), Gate(account, None)
    others.enter()
    with pytest.raises(Throttled, match=r"^ConcurrentInvocationLimitExceeded"):
        others.enter()
    reserved.enter()
    reserved.enter()
    with pytest.raises(Throttled, match="ReservedFunctionConcurrentInvocationLimitExceeded"):
        reserved.enter()
    reserved.leave()
    reserved.enter()
    reserved.change(None)
    others.leave()
    with pytest.raises(Throttled, match=r"^ConcurrentInvocationLimitExceeded"):
        [others.enter() for _ in range(2)]


@pytest.mark.parametrize(
    ("sandbox", "reserved", "problem"),
    [
        (SandboxSettings(tmp_mib=100), None, "the size of /tmp is 100; expected a whole number from 512 to 10240 (MB)"),
        (SandboxSettings(provisioned_concurrency=-1), None, "provisioned concurrency is -1; expected 0 or more"),
        (SandboxSettings(provisioned_concurrency=3), 2, "provisioned concurrency is 3, more than the reserved"),
    ],
)
def test_settings_that_cannot_be(sandbox: SandboxSettings, reserved: int | None, problem: str) -> None:
    (found,) = find_problems(make_settings(sandbox=sandbox, reserved_concurrency=reserved))
    assert found.startswith(problem)


def test_files_that_outgrow_tmp_are_reported_once() -> None:
    with running(hostile()) as service:
        for number in range(2):
            part = {"do": "write_file", "path": f"$TMP/part{number}", "seek": 0, "reserve": 300 * MIB}
            assert service.invoke(part).json() == 300 * MIB
        service.invoke({"do": "wait", "seconds": 1.2})
        service.invoke({"do": "wait", "seconds": 1.2})
    warnings = [line for line in service.lines if "its /tmp has 512" in line]
    assert len(warnings) == 1
    assert warnings[0].startswith("The temporary files of hostile take 60")


def test_host_leaves_no_directory_even_without_permissions(tmp_path: Path) -> None:
    async def run() -> Path:
        host = Host()
        made = host.make_directory("one")
        (made / "closed").mkdir()
        (made / "closed" / "file").write_text("x")
        (made / "closed").chmod(0)
        await host.close()
        return made

    made = asyncio.run(run())
    assert not made.parent.exists()


def test_environment_of_the_platform_names_the_task_root() -> None:
    with running(hostile()) as service:
        told: Mapping[str, Any] = service.invoke({"do": "whoami"}).json()
    assert (told["root"], told["type"]) == (str(HANDLERS), "on-demand")
    assert told["tmp"] != "/tmp"

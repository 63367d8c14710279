"""How programs are started: only with the given files and environment, and without blocking the event loop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from iris_model.local.machine import spawn as spawn_module
from iris_model.local.machine.spawn import spawn
from tests.local.conftest import make_settings
from tests.support.local_service import running

# Blocks each process that opens or executes the file until it is released, like a slow disk.
_HOLD = """
import fcntl, os, signal, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(file, 10, int(signal.SIGURG))  # F_SETSIG: by default the holder is killed
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""
_TELL = """
import json, os, signal, sys
print(json.dumps({
    "directory": os.getcwd(), "variables": dict(os.environ), "descriptors": sorted(os.listdir("/proc/self/fd")),
    "input": sys.stdin.read(), "leads": os.getsid(0) == os.getpid(),
    "ignored": open("/proc/self/status").read().split("SigIgn:")[1].split()[0],
    "blocked": open("/proc/self/status").read().split("SigBlk:")[1].split()[0]}))
"""


@pytest.fixture(params=["posix_spawn", "subprocess"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "subprocess":
        monkeypatch.setattr(spawn_module, "_find_libc", lambda: None)
    elif spawn_module._find_libc() is None:
        pytest.skip("this C library has no posix_spawn with all that is needed")
    return str(request.param)


@pytest.mark.parametrize("number", [0, 3])
def test_a_program_has_what_it_is_given_and_no_more(way: str, tmp_path: Path, number: int) -> None:
    inherited = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    reading, writing = os.pipe()
    try:
        pid = spawn(
            [sys.executable, "-I", "-S", "-c", _TELL],
            directory=tmp_path,
            environment={"A": "ä", "B": ""},
            output=writing,
        )
        os.close(writing)
        with os.fdopen(reading, "rb") as output:
            seen = json.load(output)
        assert os.waitpid(pid, 0)[1] == 0
    finally:
        os.close(inherited)
    assert seen["directory"] == str(tmp_path)
    assert {name: seen["variables"][name] for name in ("A", "B")} == {"A": "ä", "B": ""}
    assert "PATH" not in seen["variables"]
    assert seen["descriptors"] == ["0", "1", "2", "3"], "the last is the listing itself"
    assert seen["input"] == ""
    assert seen["leads"]
    assert int(seen["blocked"], 16) == 0


def test_signals_that_python_ignores_are_not_ignored(way: str) -> None:
    status = Path("/proc/self/status").read_text().partition("SigIgn:")[2]
    ours = sum(1 << number - 1 for number in (signal.SIGPIPE, signal.SIGXFSZ))
    # A shell starts a job in the background with SIGINT and SIGQUIT ignored: the tests may be such a job.
    from_the_shell = int(status.split()[0], 16) & ~ours
    reading, writing = os.pipe()
    pid = spawn(["/bin/grep", "SigIgn", "/proc/self/status"], environment={}, output=writing)
    os.close(writing)
    with os.fdopen(reading) as output:
        ignored = int(output.read().split()[1], 16)
    assert ignored & ~from_the_shell & 0x7FFFFFFF == 0, "signals 32 and 33 belong to the C library"
    os.waitpid(pid, 0)


def test_the_standard_input_is_passed_on(way: str) -> None:
    reading, writing = os.pipe()
    out_reading, out_writing = os.pipe()
    pid = spawn(["/bin/cat"], standard_input=reading, output=out_writing)
    for each in (reading, out_writing):
        os.close(each)
    os.write(writing, b"seen")
    os.close(writing)
    with os.fdopen(out_reading, "rb") as output:
        assert output.read() == b"seen"
    assert os.waitpid(pid, 0)[1] == 0


def test_a_missing_executable_is_named(way: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        spawn([str(tmp_path / "nothing")])
    assert missing.value.filename == str(tmp_path / "nothing")
    with pytest.raises(NotADirectoryError) as nowhere:
        spawn(["/bin/true"], directory=tmp_path / "nowhere")
    assert nowhere.value.filename == str(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="null byte"):
        spawn(["/bin/true", "a\0b"])
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    with pytest.raises(OSError, match=r"(?i)exec format"):
        spawn([str(tmp_path / "text")])


def _hold(program: Path, seconds: float) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(program), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    if holder.stdout.readline() != "held\n":
        pytest.skip("this file system has no leases")
    return holder


def test_a_program_that_is_slow_to_load_does_not_stop_the_loop(tmp_path: Path) -> None:
    if spawn_module._find_libc() is None:
        pytest.skip("this C library has no posix_spawn with all that is needed")
    program = tmp_path / "slow"
    shutil.copy("/bin/true", program)

    async def longest_pause() -> float:
        starting = asyncio.ensure_future(asyncio.to_thread(spawn, [str(program)]))
        longest, last = 0.0, time.monotonic()
        while not starting.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        os.waitpid(starting.result(), 0)
        return longest

    with _hold(program, 1.5):
        began = time.monotonic()
        longest = asyncio.run(longest_pause())
        took = time.monotonic() - began
    assert took > 1, "the start was not held up, so that this test shows nothing"
    assert longest < took / 2


def _slow_python(tmp_path: Path) -> Path:
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return program


def test_other_functions_answer_while_one_is_slow_to_start(tmp_path: Path) -> None:
    slow = make_settings(name="slow", python=str(_slow_python(tmp_path)))
    quick = make_settings(name="quick")
    with running([slow, quick]) as service:
        assert service.invoke([1], name="quick").status == 200
        with _hold(Path(slow.python), 1.5):
            replies = []
            caller = threading.Thread(target=lambda: replies.append(service.invoke([1], name="slow")))
            caller.start()
            time.sleep(0.3)
            assert service.invoke([1], name="quick").status == 200
            assert not replies
            caller.join(20)
        assert replies[0].status == 200


def test_a_service_that_ends_during_a_start_leaves_no_process(tmp_path: Path) -> None:
    program = _slow_python(tmp_path)
    with running(make_settings(name="slow", python=str(program))) as service, _hold(program, 1.5):
        caller = threading.Thread(target=lambda: _try(lambda: service.invoke([1])))
        caller.start()
        time.sleep(0.3)
    caller.join(20)
    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if str(program) in _command(each)]


def _try(call) -> None:
    try:
        call()
    except OSError:
        pass


def _command(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""

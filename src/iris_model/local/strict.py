"""A sandbox as hostile as the cloud, without an image: Linux namespaces, made by `strict_init`, held by this side of it.

The function sees a read-only root with nothing of this machine but the base, runs as a user without rights and without a
home, has a `/tmp` of the configured size, no `/dev/shm`, and no network but the Runtime API. It works for root and, where
the kernel grants user namespaces, for everybody.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iris_model.local import strict_init
from iris_model.local.confinement import RuntimeApiPlace
from iris_model.local.environment import build_environment
from iris_model.local.host import Host
from iris_model.local.limits import Limits
from iris_model.local.memory import MemoryMeter, find_descendants
from iris_model.local.output import OutputPipe
from iris_model.local.session import SessionLeader, signal_group
from iris_model.local.settings import FunctionSettings
from iris_model.local.strict_plan import RUNTIME_API_PORT, TASK_ROOT, make_command, make_plan

_START_SECONDS = 20.0
_MESSAGE_BYTES = 65_536


class StrictRefused(Exception):
    """The kernel, or who configured it, does not allow the namespaces. `str()` of it is the step that was refused."""


class StrictConfinement:
    """Namespaces, and the first process in them, which outlives the runtimes: so does `/tmp`."""

    def __init__(self, settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> None:
        self._settings = settings
        self._host = host
        self._name = name
        self._initialization_type = initialization_type
        self._scratch = Path()
        self._control: socket.socket | None = None
        self._init: subprocess.Popen[bytes] | None = None
        self._limits: Limits | None = None
        self._running: StrictProcess | None = None
        self.is_privileged = False

    async def open(self) -> RuntimeApiPlace:
        """Make the namespaces; `StrictRefused` when that is not allowed."""
        loop = asyncio.get_running_loop()
        plan = make_plan(self._settings, self._host.make_directory(self._name))
        self._scratch = Path(plan["scratch"])
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            # A session of its own: Ctrl-C in the terminal is the service's business.
            self._init = subprocess.Popen(
                [sys.executable, "-I", "-S", strict_init.__file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._host.guardian.watch("group", self._init.pid)
        await loop.sock_sendall(self._control, json.dumps(plan).encode())
        await _readable(self._control, _START_SECONDS)
        message, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 1)
        answer = json.loads(message or b'{"error": "the first process of the sandbox ended"}')
        if "error" in answer:
            raise StrictRefused(answer["error"])
        self.is_privileged = answer["privileged"]
        # The files of /tmp are charged to the group as if they were memory, which they are not in the cloud: the group
        # holds both together, and the watch holds the memory.
        self._limits = Limits(
            self._settings,
            name=f"iris-model-{self._name}",
            place=self._host.cgroups,
            guardian=self._host.guardian,
            extra_mib=self._settings.sandbox.tmp_mib,
        )
        loop.add_reader(self._control, self._on_message)
        if descriptors:
            return RuntimeApiPlace(socket.socket(fileno=descriptors[0]), f"127.0.0.1:{RUNTIME_API_PORT}")
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return RuntimeApiPlace(listener, f"127.0.0.1:{listener.getsockname()[1]}")

    @property
    def is_intact(self) -> bool:
        """Whether the first process still stands."""
        return self._control is not None

    async def start(self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]) -> StrictProcess:
        """Let the first process start the runtime."""
        if self._control is None:
            raise OSError(0, "the first process of the sandbox was killed")
        loop = asyncio.get_running_loop()
        order = {
            "command": make_command(self._settings),
            "directory": TASK_ROOT,
            "environment": build_environment(
                self._settings,
                runtime_api=place.address,
                log_stream=log_stream,
                task_root=TASK_ROOT,
                initialization_type=self._initialization_type,
            ),
        }
        output = OutputPipe(on_output)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            ours.setblocking(False)
            try:
                socket.send_fds(self._control, [json.dumps(order).encode()], [output.writing_end, theirs.fileno()])
                theirs.close()
                pid = await _receive_pid(ours)
                assert self._limits is not None
                self._limits.add(pid)  # before it is the runtime: no page of that is counted elsewhere
                process = StrictProcess(pid, output, MemoryMeter(pid, self._find_members, self._read_group()))
                self._running = process
                await loop.sock_sendall(ours, b"+")
                problem = await asyncio.wait_for(loop.sock_recv(ours, 16), _START_SECONDS)
            except BaseException:
                output.abandon()
                raise
        output.listen()
        if problem:
            raise OSError(int(problem), os.strerror(int(problem)))
        return process

    def throttle(self, throttled: bool) -> None:
        """By the control group."""
        if self._limits is not None:
            self._limits.throttle(throttled)

    def was_killed_for_memory(self) -> bool:
        """Ask the control group."""
        return self._limits is not None and self._limits.was_killed_for_memory()

    def find_warning(self) -> str | None:
        """Nothing: what happens is enforced."""
        return None

    async def close(self) -> None:
        """The end of the first process is the end of all."""
        if self._control is not None:
            self._on_gone()
        if self._init is not None:
            signal_group(self._init.pid, signal.SIGKILL)
            await asyncio.to_thread(self._init.wait)
            self._host.guardian.forget("group", self._init.pid)
        if self._limits is not None:
            self._limits.close()
        if self._scratch != Path():
            self._host.remove_directory(self._scratch)

    def _find_members(self) -> list[int]:
        assert self._limits is not None
        assert self._init is not None
        if self._limits.knows_members:
            return self._limits.members()
        # The first process of the namespace is not the function's.
        return find_descendants(self._init.pid)[1:]

    def _read_group(self) -> Callable[[], int] | None:
        assert self._limits is not None
        return self._limits.anonymous_bytes if self._limits.knows_members else None

    def _on_message(self) -> None:
        assert self._control is not None
        try:
            message = self._control.recv(_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._on_gone()
        elif self._running is not None:
            self._running.end(json.loads(message)["exited"])
            self._running = None

    def _on_gone(self) -> None:
        assert self._control is not None
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        if self._running is not None:
            self._running.end(-signal.SIGKILL)
            self._running = None


class StrictProcess(SessionLeader):
    """A runtime that the first process has started. Ours to signal and to measure, not to wait for."""

    def end(self, returncode: int) -> None:
        """It has ended, and so has all that it had started."""
        if self.memory is not None:
            self.memory.close()
        self._output.close()
        if not self.exited.done():
            self.exited.set_result(returncode)


async def probe_strict(settings: FunctionSettings, host: Host) -> tuple[str, bool]:
    """Try it: what was refused ("" when nothing was), and whether the sandbox has a user of its own."""
    if platform.system() != "Linux":
        return f"{platform.system()} has no namespaces", False
    confinement = StrictConfinement(settings, host=host, name="probe", initialization_type="on-demand")
    try:
        place = await confinement.open()
        place.listener.close()
        return "", confinement.is_privileged
    except (StrictRefused, OSError, TimeoutError) as refused:
        return str(refused) or type(refused).__name__, False
    finally:
        await confinement.close()


async def _receive_pid(gate: socket.socket) -> int:
    await _readable(gate, _START_SECONDS)
    _, ancillary, _, _ = gate.recvmsg(1, socket.CMSG_SPACE(struct.calcsize("3i")))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return int(struct.unpack("3i", data)[0])
    raise OSError(0, "the first process of the sandbox ended")


async def _readable(waited: socket.socket, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[Any] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(waited, wake)
    try:
        await asyncio.wait_for(ready, seconds)
    finally:
        loop.remove_reader(waited)

"""A strict sandbox without an image: Linux namespaces, created by `strict_init` and managed from here.

The function sees a read-only root with only the base system. It runs as an unprivileged user without a home, with a
`/tmp` of the configured size, no `/dev/shm`, and no network except the Runtime API. Strict mode works for root and, if
the kernel allows user namespaces, for every user.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import socket
import struct
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements import strict_init
from iris_model.local.confinements.confinement import RuntimeApiPlace
from iris_model.local.confinements.environment import build_environment
from iris_model.local.confinements.strict_plan import RUNTIME_API_PORT, TASK_ROOT, make_command, make_plan
from iris_model.local.machine.descriptors import limit_function
from iris_model.local.machine.host import Host
from iris_model.local.machine.limits import HasLimits, Limits
from iris_model.local.machine.memory import MemoryMeter, find_descendants
from iris_model.local.machine.output import OutputPipe
from iris_model.local.machine.session import SessionLeader, signal_group
from iris_model.local.machine.spawn import spawn

_START_SECONDS = 20.0
_MESSAGE_BYTES = 65_536


class StrictRefused(Exception):
    """The kernel or its configuration does not allow the namespaces. The message names the refused step."""


class StrictConfinement(HasLimits):
    """Namespaces and their first process. Both outlive the runtimes, and so does `/tmp`."""

    def __init__(self, settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> None:
        self._settings = settings
        self._host = host
        self._name = name
        self._initialization_type = initialization_type
        self._scratch = Path()
        self._control: socket.socket | None = None
        self._init = 0  # the process id of the first process
        self._running: StrictProcess | None = None
        self.is_privileged = False

    async def open(self) -> RuntimeApiPlace:
        """Create the namespaces. Raises StrictRefused."""
        loop = asyncio.get_running_loop()
        # In a thread, because it runs the interpreter.
        plan = await self._host.run_in_thread(self._make_plan)
        self._scratch = Path(plan["scratch"])
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with theirs:
            await self._host.run_in_thread(partial(self._start_init, theirs.fileno()))
        await loop.sock_sendall(self._control, json.dumps(plan).encode())
        await _readable(self._control, _START_SECONDS)
        message, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 1)
        answer = json.loads(message or b'{"error": "the first process of the sandbox ended"}')
        if "error" in answer:
            raise StrictRefused(answer["error"])
        self.is_privileged = answer["privileged"]
        # The kernel charges files of /tmp to the group as memory; the cloud does not. So the group limits the sum of
        # both, and the watch limits memory alone.
        self._limits = await self._host.run_in_thread(self._make_limits)
        loop.add_reader(self._control, self._on_message)
        if descriptors:
            return RuntimeApiPlace(socket.socket(fileno=descriptors[0]), f"127.0.0.1:{RUNTIME_API_PORT}")
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        return RuntimeApiPlace(listener, f"127.0.0.1:{listener.getsockname()[1]}")

    def _make_plan(self) -> dict[str, Any]:
        return make_plan(self._settings, self._host.make_directory(self._name))

    def _start_init(self, control: int) -> None:
        self._init = spawn([sys.executable, "-I", "-S", strict_init.__file__], standard_input=control)
        self._host.guardian.watch("group", self._init)

    def _make_limits(self) -> Limits:
        return Limits(
            self._settings,
            name=f"iris-model-{self._name}",
            place=self._host.cgroups,
            guardian=self._host.guardian,
            extra_mib=self._settings.sandbox.tmp_mib,
        )

    @property
    def is_intact(self) -> bool:
        """Whether the first process is running."""
        return self._control is not None

    async def start(self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]) -> StrictProcess:
        """Let the first process start the runtime."""
        if self._control is None:
            raise OSError(0, "the first process of the sandbox was killed")
        loop = asyncio.get_running_loop()
        command = make_command(self._settings)
        order = {
            "command": command,
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
                output.listen()
                pid = await _receive_pid(ours)
                assert self._limits is not None
                limit_function(pid)
                # Add it before it becomes the runtime, so that all its memory is counted.
                await self._host.run_in_thread(partial(self._limits.add, pid))
                process = StrictProcess(pid, output, MemoryMeter(pid, self._find_members, self._read_group()))
                self._running = process
                await loop.sock_sendall(ours, b"+")
                problem = await asyncio.wait_for(loop.sock_recv(ours, 16), _START_SECONDS)
            except BaseException:
                output.abandon()
                raise
        if problem:
            raise OSError(int(problem), os.strerror(int(problem)), command[0])
        return process

    def find_warning(self) -> str | None:
        """Return None: all limits are enforced."""
        return None

    async def close(self) -> None:
        """End the first process, and so all others."""
        if self._control is not None:
            self._on_gone()
        if self._init:
            signal_group(self._init, signal.SIGKILL)
            await asyncio.to_thread(os.waitpid, self._init, 0)
            self._host.guardian.forget("group", self._init)
        if self._limits is not None:
            await asyncio.to_thread(self._limits.close)
        if self._scratch != Path():
            await asyncio.to_thread(self._host.remove_directory, self._scratch)

    def _find_members(self) -> list[int]:
        assert self._limits is not None
        if self._limits.knows_members:
            return self._limits.members()
        # The first process of the namespace does not belong to the function.
        return find_descendants(self._init)[1:]

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
    """A runtime that the first process has started. It can be signalled and measured here, but not waited for."""

    def end(self, returncode: int) -> None:
        """Record its end, after everything that it started has ended."""
        if self.memory is not None:
            self.memory.close()
        self._output.close()
        if not self.exited.done():
            self.exited.set_result(returncode)


async def probe_strict(settings: FunctionSettings, host: Host) -> tuple[str, bool]:
    """Try strict mode. Return the refused step, or "", and whether the sandbox has its own user."""
    if platform.system() != "Linux":
        return f"{platform.system()} does not support namespaces", False
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

"""A sandbox that runs the same image as the cloud: a container of the function's own image, in Docker.

It has a read-only root, an unprivileged user, `/tmp` of the configured size, no `/dev/shm`, no network except the
Runtime API, and limits of memory, CPU and processes. Every entry point works: the AWS base image's, ours,
`awslambdaric`. The three overrides of ImageConfig are applied.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import Signals
from typing import Any

import aiohttp

from iris_model.contract.lambda_limits import MEMORY_PER_VCPU
from iris_model.local.configuration.sandbox_settings import ImageSettings
from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.confinement import RuntimeApiPlace
from iris_model.local.confinements.environment import build_environment
from iris_model.local.confinements.strict_plan import GROUP, TASK_ROOT, USER
from iris_model.local.machine.cgroups import MOST_PROCESSES
from iris_model.local.machine.descriptors import FUNCTION_DESCRIPTORS
from iris_model.local.machine.docker_engine import DockerEngine, DockerError
from iris_model.local.machine.host import Host
from iris_model.local.machine.memory import MIB, MemoryMeter

_PERIOD_US = 20_000
_LEAST_QUOTA_US = 1_000
_OUTPUT_SECONDS = 0.02
_END_SECONDS = 10.0


class ContainerConfinement:
    """Runs containers one after another, each for one runtime."""

    def __init__(self, settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> None:
        assert settings.sandbox.image is not None
        self._settings = settings
        self._image: ImageSettings = settings.sandbox.image
        self._host = host
        self._name = name
        self._initialization_type = initialization_type
        self._count = 0
        self._process: ContainerProcess | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_intact(self) -> bool:
        """Always true, because a new container does not depend on the last one."""
        return True

    async def open(self) -> RuntimeApiPlace:
        """Listen where only containers of this service can connect."""
        await self._host.docker.image(self._image.reference)
        _, gateway = await self._host.docker.network(is_open=self._settings.sandbox.network)
        listener = socket.create_server((gateway, 0), backlog=128)
        return RuntimeApiPlace(listener, f"{gateway}:{listener.getsockname()[1]}")

    async def start(
        self, place: RuntimeApiPlace, log_stream: str, on_output: Callable[[bytes], None]
    ) -> ContainerProcess:
        """Create a container, attach to it, and start it."""
        if self._process is not None:
            await self._process.remove()
        engine = await self._host.docker.engine()
        image = await self._host.docker.image(self._image.reference)
        network, _ = await self._host.docker.network(is_open=self._settings.sandbox.network)
        self._count += 1
        name = f"iris-model-{self._name}-{self._count}"
        environment = build_environment(
            self._settings,
            runtime_api=place.address,
            log_stream=log_stream,
            task_root=TASK_ROOT,
            initialization_type=self._initialization_type,
        )
        order = make_order(
            self._settings, self._image, image, environment, network=network, labels=self._host.docker.labels
        )
        try:
            created = await engine.call("POST", "/containers/create", order, name=name)
        except (DockerError, aiohttp.ClientError) as error:
            raise OSError(0, _reason(str(error))) from None
        self._host.guardian.watch("container", name)
        process = ContainerProcess(
            engine, created["Id"], on_output, lambda: self._host.guardian.forget("container", name)
        )
        self._process = process
        try:
            await process.start()
        except (DockerError, aiohttp.ClientError) as error:
            await process.remove()
            raise OSError(0, _reason(str(error))) from None
        return process

    def throttle(self, throttled: bool) -> None:
        """Throttle the running container; a new one starts without a limit."""
        if throttled and self._process is not None and self._settings.sandbox.holds_cpu_share:
            quota = max(_LEAST_QUOTA_US, round(self._settings.memory_mib / MEMORY_PER_VCPU * _PERIOD_US))
            task = asyncio.ensure_future(self._process.update({"CpuPeriod": _PERIOD_US, "CpuQuota": quota}))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def was_killed_for_memory(self) -> bool:
        """Return whether Docker reports that the container was killed for its memory."""
        return self._process is not None and self._process.take_memory_kill()

    def find_warning(self) -> str | None:
        """Return None: all limits are enforced."""
        return None

    async def close(self) -> None:
        """Remove the container."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_SECONDS)
        if self._process is not None:
            await self._process.remove()


def make_order(
    settings: FunctionSettings,
    image: ImageSettings,
    found: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    network: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return the body of Docker's call that creates a container of the function."""
    own = dict(each.partition("=")[::2] for each in (found.get("Config") or {}).get("Env") or ())
    # The image's variables are kept, except those that the platform sets; the image sets the handler.
    variables = {key: value for key, value in environment.items() if key not in ("_HANDLER", "PATH", "LD_LIBRARY_PATH")}
    defaults = ("LANG", "TZ", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR")
    kept = {key for key in defaults if key in own and key not in settings.environment}
    memory = (settings.memory_mib + settings.sandbox.tmp_mib) * MIB  # Docker charges the files of /tmp as memory
    order: dict[str, Any] = {
        "Image": found["Id"],
        "User": f"{USER}:{GROUP}",
        "Env": [f"{key}={value}" for key, value in variables.items() if key not in kept],
        "Labels": dict(labels),
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": {
            "NetworkMode": network,
            "ReadonlyRootfs": True,
            "Tmpfs": {"/tmp": f"rw,nosuid,nodev,exec,mode=1777,size={settings.sandbox.tmp_mib}m"},  # noqa: S108
            "IpcMode": "none",
            "Memory": memory,
            "MemorySwap": memory,
            "PidsLimit": MOST_PROCESSES,
            "Ulimits": [{"Name": "nofile", "Soft": FUNCTION_DESCRIPTORS, "Hard": FUNCTION_DESCRIPTORS}],
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "none"},  # we attach to the output; a second copy would fill the Engine's disk
        },
    }
    if image.entry_point is not None:
        order["Entrypoint"] = list(image.entry_point)
        # If the entry point is replaced, Docker also drops the image's command. Lambda keeps it.
        order["Cmd"] = (found.get("Config") or {}).get("Cmd") or []
    if image.command is not None:
        order["Cmd"] = list(image.command)
    if image.working_directory is not None:
        order["WorkingDir"] = image.working_directory
    return order


class ContainerProcess:
    """A container and its first process, the runtime."""

    def __init__(
        self, engine: DockerEngine, identifier: str, on_output: Callable[[bytes], None], on_removed: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._id = identifier
        self._on_output = on_output
        self._on_removed: Callable[[], None] | None = on_removed
        self._reader: asyncio.Task[None] | None = None
        self._waiter: asyncio.Task[None] | None = None
        self._signals: set[asyncio.Task[None]] = set()
        self._killed_for_memory = False
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.memory: MemoryMeter | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended, as far as known."""
        return not self.exited.done()

    async def start(self) -> None:
        """Attach first, so that no output is lost, then start."""
        output = self._engine.read_output(self._id)
        await anext(output)
        self._reader = asyncio.ensure_future(self._read(output))
        await self._engine.call("POST", f"/containers/{self._id}/start")
        self._waiter = asyncio.ensure_future(self._wait())
        state = (await self._engine.call("GET", f"/containers/{self._id}/json"))["State"]
        if state.get("Pid") and _is_process_of(state["Pid"], self._id):
            self.memory = MemoryMeter(state["Pid"])

    async def settle_output(self) -> None:
        """Wait a moment for output, which comes through Docker and must be logged before REPORT."""
        await asyncio.sleep(_OUTPUT_SECONDS)

    def signal(self, number: Signals) -> None:
        """Send a signal to the first process. SIGKILL ends all processes."""
        if self.is_running:
            task = asyncio.ensure_future(self._send(number))
            self._signals.add(task)
            task.add_done_callback(self._signals.discard)

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        if self.is_running:
            await self._send(Signals.SIGKILL)
        await asyncio.shield(self.exited)

    async def update(self, limits: Mapping[str, int]) -> None:
        """Change the limits."""
        try:
            await self._engine.call("POST", f"/containers/{self._id}/update", dict(limits))
        except (DockerError, OSError, aiohttp.ClientError):
            pass  # it has ended

    def take_memory_kill(self) -> bool:
        """Return whether the kernel killed it because of the memory limit; true only once."""
        killed, self._killed_for_memory = self._killed_for_memory, False
        return killed

    async def remove(self) -> None:
        """Remove the container."""
        if self._on_removed is None:
            return
        on_removed, self._on_removed = self._on_removed, None
        try:
            await self._engine.call("DELETE", f"/containers/{self._id}", force="true", v="true")
        except (DockerError, OSError, aiohttp.ClientError):
            pass  # removed already, or Docker has stopped
        for task in (self._waiter, self._reader):
            if task is not None:
                await asyncio.wait({task}, timeout=_END_SECONDS)
                task.cancel()
        on_removed()

    async def _send(self, number: Signals) -> None:
        try:
            await self._engine.call("POST", f"/containers/{self._id}/kill", signal=number.name)
        except (DockerError, OSError, aiohttp.ClientError):
            pass  # it has ended

    async def _read(self, output: Any) -> None:
        try:
            async for chunk in output:
                self._on_output(chunk)
        except (OSError, aiohttp.ClientError, DockerError):
            pass  # Docker has stopped; the waiter reports it

    async def _wait(self) -> None:
        code = -Signals.SIGKILL.value
        try:
            answer = await self._engine.call("POST", f"/containers/{self._id}/wait")
            code = _returncode(answer["StatusCode"])
            state = (await self._engine.call("GET", f"/containers/{self._id}/json"))["State"]
            self._killed_for_memory = bool(state["OOMKilled"])
        except (OSError, aiohttp.ClientError, DockerError):
            pass  # removed by others, or Docker has stopped
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=1.0)
        if self.memory is not None:
            self.memory.close()
        if not self.exited.done():
            self.exited.set_result(code)


def _returncode(status: int) -> int:
    """Return the status as `subprocess` reports it: Docker, like a shell, adds 128 to a signal number."""
    return 128 - status if 128 < status <= 128 + 64 else status


def _reason(message: str) -> str:
    """Return the innermost of the nested messages of Docker, its shim and its runtime."""
    return message.rpartition("container process: ")[2].removesuffix(": unknown").strip()


def _is_process_of(pid: int, container: str) -> bool:
    # Process numbers of Docker in a virtual machine belong to that machine.
    try:
        return container in (Path("/proc") / str(pid) / "cgroup").read_text() or _is_in_foreign_namespace(pid)
    except OSError:
        return False


def _is_in_foreign_namespace(pid: int) -> bool:
    # With control groups version 2, the name in /proc may end at the container's own namespace.
    status = (Path("/proc") / str(pid) / "status").read_text()
    return any(line.startswith("NSpid:") and line.split()[2:] == ["1"] for line in status.splitlines())

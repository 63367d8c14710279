"""The common resources of a service's containers: the Engine, the networks, and labels that identify leftovers.

A container reaches the Runtime API through the gateway of the service's network. That network is internal, so the
container cannot reach anything else, unless the function has network access. The gateway must be an address of this
machine, so the Engine must run directly on it, not in a virtual machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.errors import LocalError
from iris_model.local.machine.docker_engine import DockerEngine, DockerError
from iris_model.local.machine.guardian import Guardian

LABEL = "iris-model.service"
# Lambda's directory of external extensions. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
EXTENSIONS = "/opt/extensions"


class DockerPlace:
    """Created with the first container, closed with the service."""

    def __init__(self, guardian: Guardian) -> None:
        self._guardian = guardian
        self._lock = asyncio.Lock()
        self._engine: DockerEngine | None = None
        self._networks: dict[bool, tuple[str, str]] = {}
        self._images: dict[str, Mapping[str, Any]] = {}
        self.labels = {LABEL: describe_process(os.getpid())}

    async def engine(self) -> DockerEngine:
        """Return the Engine. The first call removes leftovers of dead services."""
        async with self._lock:
            if self._engine is None:
                engine = DockerEngine()
                try:
                    await engine.check()
                    await remove_leftovers(engine)
                except BaseException:
                    await engine.close()
                    raise
                self._engine = engine
            return self._engine

    async def image(self, reference: str) -> Mapping[str, Any]:
        """Return the image as it was at first use. If its tag moves later, there is no effect, as in the cloud."""
        engine = await self.engine()
        if reference not in self._images:
            try:
                self._images[reference] = await engine.inspect_image(reference)
            except DockerError as error:
                raise _refused(f"image {reference!r}", error) from None
        return self._images[reference]

    async def find_extensions(self, reference: str) -> list[str]:
        """Return names of the external extensions in an image; at least one if there are any."""
        engine = await self.engine()
        image = await self.image(reference)
        try:
            return await engine.list_directory(image["Id"], EXTENSIONS, self.labels)
        except DockerError:
            return []  # the start of the image reports the problem

    async def network(self, *, is_open: bool) -> tuple[str, str]:
        """Return the name of the network, and the address of this machine in it."""
        engine = await self.engine()
        async with self._lock:
            if is_open not in self._networks:
                try:
                    self._networks[is_open] = await self._create_network(engine, is_open)
                except DockerError as error:
                    raise _refused("a network for the sandboxes", error) from None
            return self._networks[is_open]

    async def close(self) -> None:
        """Remove the networks."""
        if self._engine is None:
            return
        for name, _ in self._networks.values():
            try:
                await self._engine.call("DELETE", f"/networks/{name}")
            except DockerError:
                continue  # another process uses it; its label identifies the service
            self._guardian.forget("network", name)
        await self._engine.close()

    async def _create_network(self, engine: DockerEngine, is_open: bool) -> tuple[str, str]:
        name = f"iris-model-{os.getpid()}-{id(self):x}-{'open' if is_open else 'closed'}"
        await engine.call(
            "POST",
            "/networks/create",
            {
                "Name": name,
                "Internal": not is_open,
                "Labels": self.labels,
                # Sandboxes must not reach each other.
                "Options": {"com.docker.network.bridge.enable_icc": "false"},
            },
        )
        await asyncio.to_thread(self._guardian.watch, "network", name)
        found = await engine.call("GET", f"/networks/{name}")
        gateway = str(found["IPAM"]["Config"][0].get("Gateway", ""))
        try:
            socket.create_server((gateway, 0)).close()
        except OSError:
            raise LocalError(
                f"the gateway {gateway!r} of Docker's network is not an address of this machine, so containers "
                f"cannot reach the Runtime API",
                remedy="Run serve on the machine that runs Docker Engine: Linux without a virtual machine.",
            ) from None
        return name, gateway


async def remove_leftovers(engine: DockerEngine) -> None:
    """Remove leftovers of services that were killed together with their guardian. Running services are not affected."""
    filters = json.dumps({"label": [LABEL]})
    for container in await engine.call("GET", "/containers/json", all="true", filters=filters):
        if not _is_alive(container["Labels"][LABEL]):
            await _try(engine, f"/containers/{container['Id']}", force="true", v="true")
    for network in await engine.call("GET", "/networks", filters=filters):
        if not _is_alive(network["Labels"][LABEL]):
            await _try(engine, f"/networks/{network['Id']}")


def describe_process(pid: int) -> str:
    """Return process number and start time, which distinguish it from a later process with the same number."""
    try:
        after_name = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2]
        return f"{pid}-{after_name.split()[19]}"
    except (OSError, IndexError):
        return f"{pid}-gone"


def _is_alive(owner: str) -> bool:
    pid = owner.partition("-")[0]
    return pid.isdigit() and describe_process(int(pid)) == owner


def _refused(thing: str, error: DockerError) -> LocalError:
    return LocalError(f"Docker Engine refuses {thing}: {error}", remedy="Check the log of Docker Engine.")


async def _try(engine: DockerEngine, path: str, **query: str) -> None:
    try:
        await engine.call("DELETE", path, **query)
    except DockerError:
        pass  # another service also removes it

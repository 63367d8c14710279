"""Find the limits of a function's confinement that this machine cannot enforce, by testing the kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.strict import probe_strict
from iris_model.local.confinements.strict_plan import find_unreadable
from iris_model.local.machine.cgroups import describe_missing
from iris_model.local.machine.host import Host

_LOST_WITHOUT_STRICT = (
    "the task root is writable, if it is writable for you",
    "the function runs as your user, with your permissions and home directory",
    "shared memory (/dev/shm) is available",
    "the size of the directory for temporary files is watched, but not limited",
    "the network is available",
)
_LOST_IN_CONTAINERS = "after a crash or a timeout, /tmp is empty, because a new container starts; on AWS it is kept"

_NOT_STARTED = "The image has extensions (/opt/extensions/{first}), which Lambda starts and this service does not"


async def examine(functions: Iterable[FunctionSettings], host: Host) -> list[tuple[str, str]]:
    """Return (function, line) for each limit that cannot be enforced. Sets `host.strict_works`."""
    lines: list[tuple[str, str]] = []
    held: FunctionSettings | None = None
    for settings in functions:
        if settings.sandbox.image is not None:
            # So that an error is raised now, before the first invocation.
            await host.docker.image(settings.sandbox.image.reference)
            await host.docker.network(is_open=settings.sandbox.network)
            lines.append((settings.name, f"Not enforced here: {_LOST_IN_CONTAINERS}"))
            if extensions := await host.docker.find_extensions(settings.sandbox.image.reference):
                lines.append((settings.name, _NOT_STARTED.format(first=extensions[0])))
        if settings.sandbox.strict:
            lines += [(settings.name, line) for line in await _examine_strict(settings, host)]
        if settings.sandbox.image is None and (settings.sandbox.strict or settings.sandbox.holds_cpu_share):
            held = held or settings
    if held is not None:
        missing = [each for each in host.cgroups.missing if each != "cpu" or held.sandbox.holds_cpu_share]
        lines += [(held.name, f"Not enforced here: {line}") for line in describe_missing(missing)]
    return lines


async def _examine_strict(settings: FunctionSettings, host: Host) -> list[str]:
    refusal, is_privileged = await probe_strict(settings, host)
    host.strict_works = not refusal
    if refusal:
        return [f"Not enforced here: {lost} (refused: {refusal})" for lost in _LOST_WITHOUT_STRICT]
    if is_privileged or not (unreadable := await asyncio.to_thread(find_unreadable, settings.directory)):
        return []
    return [
        f"Not enforced here: {', '.join(unreadable)} can be read, because the user of the sandbox is mapped to you; "
        f"on AWS another user cannot read it (fix: chmod a+rX)"
    ]

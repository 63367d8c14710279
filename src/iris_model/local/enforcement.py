"""What of a function's confinement this machine cannot enforce, in one line each: asked of the kernel, not guessed."""

from __future__ import annotations

from collections.abc import Iterable

from iris_model.local.cgroups import describe_missing
from iris_model.local.host import Host
from iris_model.local.settings import FunctionSettings
from iris_model.local.strict import probe_strict
from iris_model.local.strict_plan import find_unreadable

_LOST_WITHOUT_STRICT = (
    "the task root is as writable as it is for you",
    "the function runs as you, with your rights and your home",
    "shared memory (/dev/shm) is there",
    "the directory for temporary files is one of this machine, and its size is watched, not held",
    "the network is open",
)
_LOST_IN_CONTAINERS = "after a crash or a timeout, /tmp begins empty, since the container does; in the cloud it is kept"


async def examine(functions: Iterable[FunctionSettings], host: Host) -> list[tuple[str, str]]:
    """Function and line, for each that asked for more than this machine gives. Settles how strict mode is done."""
    lines: list[tuple[str, str]] = []
    held: FunctionSettings | None = None
    for settings in functions:
        if settings.sandbox.image is not None:
            # Or the error, before anybody asks the function.
            await host.docker.image(settings.sandbox.image.reference)
            await host.docker.network(is_open=settings.sandbox.network)
            lines.append((settings.name, f"Not enforced here: {_LOST_IN_CONTAINERS}"))
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
    if is_privileged or not (unreadable := find_unreadable(settings.directory)):
        return []
    return [
        f"Not enforced here: {', '.join(unreadable)} can be read, because the sandbox's user is mapped to you; in the cloud "
        "it is another, who may not (chmod a+rX mends it)"
    ]

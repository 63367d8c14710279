"""File descriptors: as many as possible for the service, and Lambda's limit of 1,024 for each function."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import resource
except ImportError:  # Windows, where the service does not run
    resource = None  # type: ignore[assignment]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
FUNCTION_DESCRIPTORS = 1024
# Enough for every machine. Some systems report a higher limit than they accept.
_MOST = 1 << 20
# Reserved for clients and log files; a sandbox uses about six.
_SPARE = 32
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM))


class MachineExhausted(OSError):
    """This machine cannot start another sandbox. The message is for the log."""


def raise_limit() -> None:
    """Raise the soft limit of this process to the hard one, as far as the system allows."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        pass  # macOS accepts a lower limit than it reports


def limit_function(pid: int) -> None:
    """Set Lambda's limit for a process that was just started. Linux only."""
    if resource is not None and hasattr(resource, "prlimit"):
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (FUNCTION_DESCRIPTORS, FUNCTION_DESCRIPTORS))
        except (OSError, ValueError):
            pass  # it has ended, or this user has a lower limit


def check_room() -> None:
    """Raise MachineExhausted if another sandbox would leave no descriptors for clients."""
    if resource is None:
        return
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    try:
        used = sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return  # they cannot be counted on this system, which refuses new ones at the limit
    if used + _SPARE > soft:
        raise MachineExhausted(
            f"This machine cannot start another sandbox: {used} of {soft} file descriptors are in use. Raise the "
            f"limit with `ulimit -n`, or use --concurrency."
        )


def explain_exhaustion(error: OSError) -> str:
    """Return the message for the log if `error` means that the machine is exhausted, or ""."""
    if isinstance(error, MachineExhausted):
        return str(error)
    if error.errno in _EXHAUSTED:
        return f"This machine cannot start another sandbox: {error.strerror}. Use a smaller --concurrency."
    return ""


def handle_refused_clients(say: Callable[[str], None]) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return an exception handler for an event loop. It says one sentence if no descriptor is left for a client.

    asyncio accepts clients again after a second; they wait until then.
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _EXHAUSTED and "socket" in context:
            say(f"Clients wait: {error.strerror}. Raise the limit with `ulimit -n`.")
        elif isinstance(error, ValueError) and "_start_serving" in repr(context.get("handle")):
            pass  # the service has ended within that second
        else:
            loop.default_exception_handler(context)

    return handle

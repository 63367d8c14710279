"""Open the ports of the service, and explain failures."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError

from iris_model.errors import LocalError

_BACKLOG = 1024


async def listen(make_protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> asyncio.Server:
    """Listen on host and port. Raises LocalError with the reason."""
    try:
        return await asyncio.get_running_loop().create_server(make_protocol, host, port, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise _describe_bind_error(host, port, error) from None


def make_logger() -> logging.Logger:
    """Return the logger of aiohttp. A client that does not speak HTTP gets 400 without a traceback."""
    logger = logging.getLogger("iris_model.local.http")
    if not logger.filters:
        logger.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))
    return logger


def find_port(server: asyncio.Server) -> int:
    """Return the port of the server."""
    port: int = server.sockets[0].getsockname()[1]
    return port


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _describe_bind_error(host: str, port: int, error: OSError | OverflowError) -> LocalError:
    if isinstance(error, OverflowError):
        return LocalError(f"port {port} does not exist; expected 0 to 65535", remedy="Choose another port with --port.")
    if isinstance(error, socket.gaierror):
        return LocalError(f"the host name {host!r} cannot be resolved", remedy="Omit --host to listen on 127.0.0.1.")
    if error.errno == errno.EADDRINUSE:
        return LocalError(
            f"port {port} on {host} is in use by another program",
            remedy="Stop that program, or choose another port with --port (0 selects a free one).",
        )
    if error.errno == errno.EACCES:
        return LocalError(
            f"port {port} on {host} may not be opened by this user; ports below 1024 need root",
            remedy="Choose a port of at least 1024 with --port.",
        )
    return LocalError(
        f"cannot listen on {host}:{port} ({error.strerror or error})",
        remedy="Choose an address of this machine with --host, and a port with --port.",
    )

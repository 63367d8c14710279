"""Makes a port of loopback reachable for containers: on the gateway of Docker's network, and nowhere else.

A port in; as long as the `with` lasts, containers that connect to `host.docker.internal` on it reach the service on 127.0.0.1.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.docker_engine import docker


@contextmanager
def relayed_to_containers(port: int) -> Iterator[None]:
    """Relay connections until the end of the `with`."""
    shown = "{{range .IPAM.Config}}{{.Gateway}} {{.Subnet}} {{end}}"
    *gateways, subnet = docker("network", "inspect", "bridge", "--format", shown).stdout.split()
    # Docker takes the first address of the network if none is named.
    gateway = gateways[0] if gateways else str(next(ipaddress.ip_network(subnet).hosts()))
    listener = socket.create_server((gateway, port))
    threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
    try:
        yield
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        service = socket.create_connection(("127.0.0.1", port))
        for source, target in ((client, service), (service, client)):
            threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)

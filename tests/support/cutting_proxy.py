"""A way to a server that breaks off: TCP on a loopback port, passed on, and cut after so many bytes sent to the server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class CuttingProxy:
    """Cuts the next connections, one entry of `cuts` each: after so many bytes up. Then it lets everything through."""

    target: int
    cuts: list[int] = field(default_factory=list)
    port: int = 0
    happened: int = 0

    def serve(self, listener: socket.socket) -> None:
        """Accept until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.target), 10) as server:
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            passed = 0
            while block := client.recv(1 << 16):
                passed += len(block)
                if self.cuts and passed > self.cuts[0]:
                    self.cuts.pop(0)
                    self.happened += 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(block)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_proxy(target: int, *cuts: int) -> Iterator[CuttingProxy]:
    """A proxy before a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy(target, list(cuts), listener.getsockname()[1])
        thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

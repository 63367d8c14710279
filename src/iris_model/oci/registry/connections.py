"""Connections to hosts: TLS with the certificates of this machine, proxies from the environment."""

from __future__ import annotations

import threading

import urllib3

from iris_model.oci.digests import BLOCK
from iris_model.oci.registry.proxies import proxy_for, user_of

CONNECT_SECONDS = 15.0
READ_SECONDS = 90.0


class Connections:
    """Keeps connections open for several threads."""

    def __init__(self, threads: int = 8) -> None:
        self._threads = threads
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def pool_for(self, url: str) -> urllib3.PoolManager:
        """Return the pool for a URL: direct, or through the proxy of the environment.

        Raises RegistryError if the environment names an invalid proxy.
        """
        proxy = proxy_for(url)
        with self._lock:
            if proxy not in self._pools:
                self._pools[proxy] = self._make(proxy)
            return self._pools[proxy]

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            for pool in self._pools.values():
                pool.clear()
            self._pools.clear()

    def _make(self, proxy: str) -> urllib3.PoolManager:
        settings = {
            "num_pools": 16,
            "maxsize": self._threads,
            "blocksize": BLOCK,
            "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            "retries": False,
        }
        if not proxy:
            return urllib3.PoolManager(**settings)  # type: ignore[arg-type]
        return urllib3.ProxyManager(proxy, proxy_headers=user_of(proxy), **settings)  # type: ignore[arg-type]

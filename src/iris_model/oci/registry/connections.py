"""Connections to hosts: TLS with the certificates of this machine, proxies from the environment."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from iris_model.oci.digests import BLOCK
from iris_model.oci.registry.addresses import is_loopback, origin_of

CONNECT_SECONDS = 15.0
READ_SECONDS = 90.0


class Connections:
    """Keeps connections open for several threads."""

    def __init__(self, threads: int = 8) -> None:
        self._threads = threads
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def pool_for(self, url: str) -> urllib3.PoolManager:
        """Return the pool for a URL: direct, or through the proxy of the environment."""
        proxy = _proxy_for(url)
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
        user = urlsplit(proxy).netloc.rpartition("@")[0]
        headers = urllib3.make_headers(proxy_basic_auth=user) if user else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **settings)  # type: ignore[arg-type]


def _proxy_for(url: str) -> str:
    scheme, host, port = origin_of(url)
    if is_loopback(host):
        return ""
    proxies = getproxies_environment()
    if proxy_bypass(f"{host}:{port}"):
        return ""
    proxy = proxies.get(scheme) or proxies.get("all") or ""
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"

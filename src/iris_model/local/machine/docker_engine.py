"""Docker Engine's API over its socket: the calls that sandboxes need.

Paths contain no API version, so the Engine uses its newest one. These calls have not changed since 2018.
https://docs.docker.com/reference/api/engine/
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp

from iris_model.errors import LocalError

_DEFAULT_SOCKET = "/var/run/docker.sock"
_ARCHIVE_BYTES = 1 << 20
_FRAME_HEAD = 8  # one byte of stream, three unused, four of length


class DockerError(Exception):
    """The Engine refused a call. `status` is the HTTP status; the message is the Engine's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class DockerEngine:
    """A connection to the Engine. Open it once, close it at the end."""

    def __init__(self, address: str | None = None) -> None:
        """`address`: as in DOCKER_HOST; by default the system's socket."""
        self.address = address or os.environ.get("DOCKER_HOST") or f"unix://{_DEFAULT_SOCKET}"
        scheme, _, place = self.address.partition("://")
        if scheme == "unix":
            connector: aiohttp.BaseConnector = aiohttp.UnixConnector(place, limit=0)
            self._url = "http://docker"
        elif scheme in ("tcp", "http"):
            connector = aiohttp.TCPConnector(limit=0)
            self._url = f"http://{place}"
        else:
            raise LocalError(
                f"DOCKER_HOST is {self.address!r}; expected unix:///path or tcp://host:port",
                remedy="Set DOCKER_HOST to the socket of an Engine on this machine.",
            )
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def check(self) -> None:
        """Raise LocalError if the Engine does not answer."""
        try:
            await self.call("GET", "/version")
        except (OSError, aiohttp.ClientError, DockerError) as error:
            raise LocalError(
                f"Docker Engine does not answer at {self.address} ({error}); --image needs it",
                remedy="Start Docker Engine, or set DOCKER_HOST to its socket, and check that you can use it (`docker version`).",
            ) from None

    async def call(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Call the API. Return the JSON of the answer, or raise DockerError."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        url = self._url + path + (f"?{urlencode(query)}" if query else "")
        async with self._session.request(method, url, data=data, headers=headers) as response:
            text = await response.read()
            if response.status >= 300:
                raise DockerError(response.status, _message_of(text))
            return json.loads(text) if text and response.content_type == "application/json" else None

    async def inspect_image(self, reference: str) -> Mapping[str, Any]:
        """Return the description of an image."""
        try:
            found: Mapping[str, Any] = await self.call("GET", f"/images/{quote(reference, safe='/:@')}/json")
        except DockerError as error:
            if error.status != 404:
                raise
            raise LocalError(
                f"image {reference!r} is not in Docker Engine at {self.address}",
                remedy=f"Build it, load it, or pull it: docker pull {reference}",
            ) from None
        return found

    async def list_directory(self, image: str, path: str, labels: Mapping[str, str]) -> list[str]:
        """Return the names of the first files in a directory of an image, without running it; empty if there are none."""
        created = await self.call("POST", "/containers/create", {"Image": image, "Cmd": ["/"], "Labels": dict(labels)})
        try:
            url = f"{self._url}/containers/{created['Id']}/archive?{urlencode({'path': path})}"
            async with self._session.get(url) as response:
                if response.status >= 300:
                    return []
                # Files may be large, and the headers of the first ones are sufficient.
                head = b""
                while len(head) < _ARCHIVE_BYTES and (part := await response.content.readany()):
                    head += part
        finally:
            await self.call("DELETE", f"/containers/{created['Id']}", force="true", v="true")
        names = []
        try:
            with tarfile.open(fileobj=io.BytesIO(head), mode="r|") as archive:
                for each in archive:
                    if not each.isdir():
                        names.append(each.name.partition("/")[2])
        except tarfile.TarError:
            pass  # continue with the part that was read
        return names

    async def read_output(self, container: str) -> AsyncIterator[bytes]:
        """Yield the output of a container, both streams in order, from its start to its end."""
        url = f"{self._url}/containers/{container}/attach?stream=1&stdout=1&stderr=1"
        async with self._session.post(url) as response:
            if response.status >= 300:
                raise DockerError(response.status, _message_of(await response.read()))
            pending = bytearray()
            yield b""  # attached: the container may be started now
            async for chunk in response.content.iter_any():
                pending += chunk
                while len(pending) >= _FRAME_HEAD:
                    size = int.from_bytes(pending[4:_FRAME_HEAD], "big")
                    if len(pending) < _FRAME_HEAD + size:
                        break
                    yield bytes(pending[_FRAME_HEAD : _FRAME_HEAD + size])
                    del pending[: _FRAME_HEAD + size]


def _message_of(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, LookupError, TypeError):
        return text.decode("utf-8", "replace").strip()[:500] or "no reason given"

"""Read blobs of a registry while they are downloaded. A broken download is resumed.

A `RegistryBlob` is opened when its bytes are needed, and verified as every blob (`blobs.verified`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import BinaryIO

import urllib3
from urllib3.exceptions import HTTPError

from iris_model.errors import InvalidImage, RegistryUnreachable
from iris_model.oci.digests import BLOCK, Digest
from iris_model.oci.references import Repository
from iris_model.oci.registry.transport import Request, Transport


@dataclass(frozen=True)
class RegistryBlob:
    """A blob in a registry."""

    repository: Repository
    digest: Digest
    size: int
    transport: Transport = field(repr=False, compare=False)

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on, downloaded while they are read."""
        return io.BufferedReader(_Download(self, offset), BLOCK)

    @property
    def what(self) -> str:
        """The name of the blob in messages."""
        return f"pull {self.repository}@{self.digest}"


class _Download(io.RawIOBase):
    def __init__(self, blob: RegistryBlob, offset: int) -> None:
        self._blob = blob
        self._at = offset
        self._response: urllib3.BaseHTTPResponse | None = None
        self._broken = 0
        if offset < blob.size or not blob.size:
            self._connect()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._at < self._blob.size:
            if self._response is None:
                self._connect()
            assert self._response is not None
            try:
                block = self._response.read(min(len(buffer), self._blob.size - self._at))
            except (HTTPError, OSError) as failure:
                self._take_a_break(failure)
                continue
            if not block:
                self._take_a_break(None)
                continue
            buffer[: len(block)] = block
            self._at += len(block)
            return len(block)
        return 0

    def close(self) -> None:
        self._disconnect()
        super().close()

    def _connect(self) -> None:
        blob = self._blob
        path = f"/v2/{blob.repository.name}/blobs/{blob.digest}"
        headers = (("Range", f"bytes={self._at}-"),) if self._at else ()
        scopes = (f"repository:{blob.repository.name}:pull",)
        answer, response = blob.transport.stream(Request("GET", path, blob.what, scopes, headers))
        self._response = response
        if answer.status == 416:
            self._disconnect()
            raise self._short()
        if answer.status not in (200, 206):
            self._disconnect()
            raise blob.transport.failure(answer, blob.what)
        if answer.status == 206 and not answer.header("Content-Range").startswith(f"bytes {self._at}-"):
            self._disconnect()
            raise InvalidImage(
                f"{blob.what}: requested the bytes from {self._at}, received {answer.header('Content-Range') or 'others'}",
                remedy="Try again later: the registry or a proxy does not work correctly.",
            )
        self._check_length(answer.header("Content-Length"), self._at if answer.status == 206 else 0)
        if answer.status == 200:
            self._skip(self._at)

    def _check_length(self, length: str, start: int) -> None:
        if length.isdigit() and start + int(length) != self._blob.size:
            self._disconnect()
            raise InvalidImage(
                f"{self._blob.what}: the registry has {start + int(length)} bytes, the manifest says {self._blob.size}",
                remedy="Push the image again, or pull it from another registry: the copy in this registry is damaged.",
            )

    def _skip(self, count: int) -> None:
        """Read and discard the first `count` bytes, for a registry that does not support ranges."""
        assert self._response is not None
        while count:
            block = self._response.read(min(BLOCK, count))
            if not block:
                raise self._short()
            count -= len(block)

    def _take_a_break(self, failure: Exception | None) -> None:
        self._disconnect()
        self._broken += 1
        wait = self._blob.transport.retries.wait_before(self._broken)
        if wait is None and failure is None:
            raise self._short()
        if wait is None:
            raise RegistryUnreachable(
                f"{self._blob.what}: the connection broke {self._broken} times, "
                f"the last time after {self._at} of {self._blob.size} bytes",
                remedy="Check the network connection to the registry, and try again.",
            ) from failure
        self._blob.transport.retries.sleep(wait)

    def _short(self) -> InvalidImage:
        return InvalidImage(
            f"{self._blob.what}: the registry sent only {self._at} of {self._blob.size} bytes",
            remedy="Push the image again, or pull it from another registry: the copy in this registry is damaged.",
        )

    def _disconnect(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response.release_conn()
            self._response = None

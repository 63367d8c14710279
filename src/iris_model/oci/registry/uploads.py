"""Upload one blob to a registry.

The upload is skipped if the repository has the blob. If another repository has it, it is mounted. A small blob is sent
in one request, a large one in chunks. A broken upload is resumed.

    HEAD blob ── there ──► present
       │
    POST uploads?mount=&from= ── 201 ──► mounted
       │ 202, Location
    PUT Location?digest=                        small: the whole blob
    PATCH Location (Content-Range) ... PUT      large: chunk by chunk
       │ broken
    GET Location ── Range: 0-N ──► continue at N + 1;  404 ──► start again
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlencode, urlsplit, urlunsplit

from iris_model.errors import InvalidImage, RegistryError, RegistryUnreachable
from iris_model.oci.blobs import Blob, verified
from iris_model.oci.digests import BLOCK
from iris_model.oci.progress import Progress, Reporter
from iris_model.oci.references import Repository
from iris_model.oci.registry.addresses import join_address
from iris_model.oci.registry.answers import Answer
from iris_model.oci.registry.client import RegistryClient, scopes_of
from iris_model.oci.registry.retries import RETRYABLE
from iris_model.oci.registry.transport import Request

PRESENT, MOUNTED, UPLOADED = "present", "mounted", "uploaded"

_NO_CHUNKS = frozenset({400, 405, 411, 415, 501})
_OCTETS = {"Content-Type": "application/octet-stream"}
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")


class Cancelled(Exception):
    """Another blob of the same push failed, so this one is not needed."""


@dataclass(frozen=True)
class UploadSettings:
    """The sizes of chunks. A registry that requests larger ones gets them."""

    chunk: int = 32 << 20
    monolithic: int = 32 << 20
    """A blob of up to this many bytes is sent in one request."""


@dataclass
class Upload:
    """The upload of a blob."""

    client: RegistryClient
    repository: Repository
    blob: Blob
    report: Reporter
    settings: UploadSettings = UploadSettings()
    mount_from: str = ""
    """Name of a repository of the same registry that has the blob."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    _location: str = ""
    _offset: int = 0
    _chunk: int = 0
    _whole: bool = False
    _failures: int = 0

    def run(self) -> str:
        """Upload the blob. Return how: present, mounted, or uploaded."""
        self._check_cancelled()
        self._tell("waiting", 0)
        state = self._bring()
        self._tell(state, self.blob.size)
        return state

    def _bring(self) -> str:
        if self.client.has_blob(self.repository, self.blob.digest, self.blob.size):
            return PRESENT
        if self._start(mount=bool(self.mount_from)) == 201:
            return MOUNTED
        self._whole = self.blob.size <= self.settings.monolithic
        while True:
            self._check_cancelled()
            try:
                answer = self._send_next()
            except RegistryUnreachable as broken:
                self._recover(broken, "")
                continue
            if answer is None:
                continue
            if answer.status in (201, 204):
                break
            self._handle_refusal(answer)
        self._check_stored(answer)
        return UPLOADED

    def _start(self, *, mount: bool = False) -> int:
        """Open an upload session, or mount."""
        query = f"?{urlencode({'mount': str(self.blob.digest), 'from': self.mount_from}, safe=':/')}" if mount else ""
        also = self.mount_from if mount else ""
        path = f"/v2/{self.repository.name}/blobs/uploads/{query}"
        request = Request("POST", path, self._what, scopes_of(self.repository, write=True, also=also))
        answer = self.client.transport.ask(request)
        if mount and answer.status in (401, 403, 404, 405):
            return self._start()  # no read access to the other repository, or no support for mounts: upload the blob
        if answer.status == 201 and mount:
            return 201
        if answer.status != 202:
            raise self.client.transport.failure(answer, self._what)
        self._offset = 0
        smallest = answer.header("OCI-Chunk-Min-Length")
        self._chunk = max(self.settings.chunk, int(smallest) if smallest.isdigit() else 0)
        self._move_to(answer)
        return 202

    def _send_next(self) -> Answer | None:
        """Send the whole blob, the next chunk, or the end. Return None if there is more to send."""
        if self._whole and self._offset == 0:
            return self._put(_Piece(self, 0, self.blob.size))
        if self._offset >= self.blob.size:
            return self._put(None)
        end = self.blob.size if self._whole else min(self._offset + self._chunk, self.blob.size)
        headers = {**_OCTETS, "Content-Range": f"{self._offset}-{end - 1}"}
        answer = self._ask("PATCH", self._location, headers, _Piece(self, self._offset, end - self._offset))
        if answer.status not in (202, 204):
            return answer
        reached = _RANGE.fullmatch(answer.header("Range"))
        if reached is not None and int(reached[1]) + 1 < end:
            raise RegistryUnreachable(f"{self._what}: the registry stored only {int(reached[1]) + 1} of {end} bytes")
        self._offset, self._failures = end, 0
        self._move_to(answer)
        return None

    def _put(self, piece: _Piece | None) -> Answer:
        return self._ask("PUT", _with_digest(self._location, str(self.blob.digest)), _OCTETS, piece)

    def _handle_refusal(self, answer: Answer) -> None:
        if answer.status in RETRYABLE or answer.status in (404, 416):
            self._recover(self.client.transport.failure(answer, self._what), answer.header("Retry-After"))
        elif "DIGEST_INVALID" in answer.codes or "SIZE_INVALID" in answer.codes:
            self._blame(answer)
        elif answer.status in _NO_CHUNKS and not self._whole:
            self._whole = True  # the registry does not support chunks: send the blob in one request
            self._start()
        else:
            raise self.client.transport.failure(answer, self._what)

    def _blame(self, answer: Answer) -> None:
        """Find out why the digest is wrong: the local blob is damaged, or the connection damaged it."""
        with verified(self.blob, self._what) as blocks:
            for _ in blocks:
                pass
        self._recover(self.client.transport.failure(answer, self._what), "", anew=True)

    def _recover(self, failure: RegistryError, retry_after: str, *, anew: bool = False) -> None:
        """Wait, and ask how much the registry has; raise the failure after too many tries."""
        self._failures += 1
        retries = self.client.transport.retries
        wait = retries.wait_before(self._failures, retry_after)
        if wait is None:
            raise failure
        self._tell("retrying", self._offset, failure.problem)
        retries.sleep(wait)
        if anew or not self._resume():
            self._start()
        self._tell("moving", self._offset)

    def _resume(self) -> bool:
        """Ask for the position of the session."""
        try:
            answer = self._ask("GET", self._location, {}, None)
        except RegistryUnreachable:
            return False
        reached = _RANGE.fullmatch(answer.header("Range"))
        if answer.status not in (200, 202, 204) or reached is None:
            return False
        last = int(reached[1])
        have = last + 1 if last else 0  # an empty session answers "0-0"
        if have > self.blob.size:
            return False
        self._offset = have
        if answer.header("Location"):
            self._move_to(answer)
        return True

    def _check_stored(self, answer: Answer) -> None:
        """Check the digest of the stored content: from a header, otherwise from a HEAD request."""
        said = answer.header("Docker-Content-Digest")
        lies = bool(said) and said.startswith("sha256:") and said != str(self.blob.digest)
        head = f"/v2/{self.repository.name}/blobs/{self.blob.digest}"
        length = self._ask("HEAD", head, {}, None, again=True).header("Content-Length") if not lies else ""
        if lies or (length.isdigit() and int(length) != self.blob.size):
            stored = said if lies else f"{length} bytes"
            raise RegistryError(
                f"{self._what}: {self.blob.size} bytes were sent, but the registry stored {stored}",
                remedy="Do not use the image there: the registry or a proxy damages the content.",
            )

    def _ask(
        self, method: str, url: str, headers: dict[str, str], body: _Piece | None, *, again: bool = False
    ) -> Answer:
        scopes = scopes_of(self.repository, write=True)
        request = Request(method, url, self._what, scopes, tuple(headers.items()), body)
        return self.client.transport.ask(request, again=again)

    def _move_to(self, answer: Answer) -> None:
        location = answer.header("Location")
        if not location:
            raise RegistryError(f"{self._what}: the registry opened an upload without a Location")
        self._location = join_address(answer.url, location, self._what)
        self.client.transport.check_address(self._location, self._what)

    def _check_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled

    @property
    def _what(self) -> str:
        return f"push {self.repository}@{self.blob.digest}"

    def _tell(self, state: str, done: int, note: str = "") -> None:
        self.report(Progress(self.blob.digest, done, self.blob.size, state, note))

    def opened(self, start: int, length: int) -> _Reader:
        """Open part of the blob, and report progress while it is sent."""
        return _Reader(self.blob.open(start), length, self._what, lambda done: self._sent(start + done))

    def _sent(self, done: int) -> None:
        self._check_cancelled()
        self._tell("moving", done)


@dataclass(frozen=True)
class _Piece:
    """Part of the blob as a body."""

    upload: Upload
    start: int
    length: int

    def open(self) -> _Reader:
        return self.upload.opened(self.start, self.length)


class _Reader:
    """Reads at most a number of bytes of a stream."""

    def __init__(self, stream: BinaryIO, length: int, what: str, tell: Callable[[int], None]) -> None:
        self._stream = stream
        self._what = what
        self._left = self._length = length
        self._tell = tell

    def read(self, size: int = BLOCK) -> bytes:
        block = self._stream.read(min(self._left, size if size and size > 0 else BLOCK))
        if not block and self._left:
            raise InvalidImage(
                f"{self._what}: {self._left} bytes are missing in the local copy",
                remedy="Download or build the image again: the local copy is damaged.",
            )
        self._left -= len(block)
        self._tell(self._length - self._left)
        return block

    def close(self) -> None:
        self._stream.close()


def _with_digest(location: str, digest: str) -> str:
    """Return the address of the session, which may have a query, with the digest."""
    parts = urlsplit(location)
    query = "&".join(filter(None, (parts.query, urlencode({"digest": digest}, safe=":"))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))

"""A registry in this process: the real wire protocol of the distribution specification over a real socket, and faults on demand.

Not a stub: it checks digests, keeps upload sessions, refuses manifests whose blobs are missing. A test sets the
faults beforehand (`registry_faults.py`) and reads the received requests afterwards (`requests`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.http_serving import serving
from tests.support.registry_faults import Fault, HangUp, find_fault

INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass
class Asked:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Stored:
    """What one repository holds."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)


@dataclass
class FakeRegistry:
    """Its contents, its settings, and what it was asked."""

    user: str = ""
    password: str = ""
    scheme: str = ""
    """`basic` or `bearer`; empty is for everybody."""

    token_lives: int = 1_000_000
    """How many requests a token is good for."""

    create_on_push: bool = True
    mounts: bool = True
    ranges: bool = True
    chunks: bool = True
    referrers: bool = True
    etags: bool = False
    """Whether manifests have ETags, and conditions on them hold."""

    immutable_tags: bool = False
    smallest_chunk: int = 0
    location_query: str = ""
    absolute_locations: bool = False
    page: int = 1000
    storage: str = ""
    """Where GET of a blob is redirected to, if anywhere."""

    repositories: dict[str, Stored] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    host: str = ""

    def asked(self, method: str, pattern: str = "") -> list[Asked]:
        """The requests of a method whose path has the pattern in it."""
        return [each for each in self.requests if each.method == method and re.search(pattern, each.path)]

    def tag(self, repository: str, tag: str) -> str:
        """The digest that a tag names, empty where there is none."""
        return self.repositories[repository].tags.get(tag, "") if repository in self.repositories else ""


@contextmanager
def running(registry: FakeRegistry, *, certificate: Path | None = None) -> Iterator[FakeRegistry]:
    """Serve it on a port of the loopback until the end of the `with`; with TLS, if there is a file of key and certificate."""
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *arguments: None  # type: ignore[method-assign]  # clients that do not trust it
    registry.host = f"127.0.0.1:{server.server_port}"
    with serving(server):
        yield registry


class _Handler(BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"
    timeout = 20
    wbufsize = 1 << 16  # one packet per answer: two would wait for each other (Nagle)

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        registry = self.registry
        self._body_read = False
        for changed in ("answer", "read_body"):  # by a fault of the request before, on the same connection
            self.__dict__.pop(changed, None)
        parts = urlsplit(self.path)
        self._query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with registry.lock:
            registry.requests.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            fault = find_fault(registry.faults, self.command, self.path)
        try:
            if fault is not None and fault.apply(self):
                return
            self._route(parts.path)
        except HangUp:
            self.close_connection = True
            self.connection.close()
        except BrokenPipeError:
            self.close_connection = True

    def _route(self, path: str) -> None:
        if path == "/token":
            return self._give_token()
        if not self._is_allowed():
            return self._challenge()
        if path == "/v2/":
            return self.answer(200, b"{}")
        found = re.fullmatch(r"/v2/(.+?)/(blobs/uploads|blobs|manifests|tags|referrers)(?:/([^/]*))?", path)
        if not found:
            return self.refuse(404, "UNSUPPORTED")
        name, kind, last = found[1], found[2], found[3] or ""
        with self.registry.lock:
            if name not in self.registry.repositories:
                if not self.registry.create_on_push:
                    return self.refuse(404, "NAME_UNKNOWN", f"no repository {name}")
                if self.command in ("POST", "PUT"):
                    self.registry.repositories[name] = Stored()
        stored = self.registry.repositories.get(name)
        if stored is None:
            # As Debian's registry has it: blobs and manifests of no repository are just unknown.
            code = {"blobs": "BLOB_UNKNOWN", "manifests": "MANIFEST_UNKNOWN"}.get(kind, "NAME_UNKNOWN")
            return self.refuse(404, code)
        method: Callable[..., None] = getattr(self, f"_{kind.replace('blobs/uploads', 'uploads')}")
        return method(stored, name, last)

    # blobs

    def _blobs(self, stored: Stored, name: str, digest: str) -> None:
        data = stored.blobs.get(digest)
        if data is None:
            return self.refuse(404, "BLOB_UNKNOWN")
        if self.command == "DELETE":
            del stored.blobs[digest]
            return self.answer(202)
        if self.command == "GET" and self.registry.storage:
            return self.answer(307, headers={"Location": f"{self.registry.storage}/{digest}?X-Amz-Signature=s3cret"})
        start = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if self.registry.ranges else None
        headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
        if wanted:
            start = int(wanted[1])
            if start >= len(data):
                return self.refuse(416, "RANGE_INVALID")
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return self.answer(206 if wanted else 200, data[start:], headers)

    def _uploads(self, stored: Stored, name: str, session: str) -> None:
        if self.command == "POST":
            return self._start_upload(stored, name)
        upload = stored.uploads.get(session)
        if upload is None:
            return self.refuse(404, "BLOB_UPLOAD_UNKNOWN")
        where = self._location(name, session)
        if self.command == "GET":
            return self.answer(204, headers={"Location": where, "Range": _range(upload)})
        if self.command == "PATCH":
            if not self.registry.chunks:
                return self.refuse(405, "UNSUPPORTED")
            start = int((self.headers.get("Content-Range") or "0-").partition("-")[0])
            if start != len(upload):
                return self.refuse(416, "BLOB_UPLOAD_INVALID")
            self.read_body(upload)
            return self.answer(202, headers={"Location": where, "Range": _range(upload)})
        self.read_body(upload)
        digest = self._query.get("digest", "")
        if f"sha256:{hashlib.sha256(upload).hexdigest()}" != digest:
            return self.refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        stored.blobs[digest] = bytes(upload)
        del stored.uploads[session]
        return self.answer(201, headers={"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _start_upload(self, stored: Stored, name: str) -> None:
        source = self.registry.repositories.get(self._query.get("from", ""))
        digest = self._query.get("mount", "")
        if self.registry.mounts and source is not None and digest in source.blobs:
            stored.blobs[digest] = source.blobs[digest]
            return self.answer(201, headers={"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})
        session = uuid.uuid4().hex
        stored.uploads[session] = bytearray()
        headers = {"Location": self._location(name, session), "Range": "0-0"}
        if self.registry.smallest_chunk:
            headers["OCI-Chunk-Min-Length"] = str(self.registry.smallest_chunk)
        return self.answer(202, headers=headers)

    def _location(self, name: str, session: str) -> str:
        base = f"http://{self.registry.host}" if self.registry.absolute_locations else ""
        return f"{base}/v2/{name}/blobs/uploads/{session}{self.registry.location_query}"

    # manifests

    def _manifests(self, stored: Stored, name: str, version: str) -> None:
        if self.command == "PUT":
            return self._put_manifest(stored, name, version)
        digest = version if ":" in version else stored.tags.get(version, "")
        if digest not in stored.manifests:
            return self.refuse(404, "MANIFEST_UNKNOWN", f"no manifest {version}")
        if self.command == "DELETE":
            del stored.manifests[digest]
            stored.tags = {tag: named for tag, named in stored.tags.items() if named != digest}
            return self.answer(202)
        media_type, data = stored.manifests[digest]
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        if self.registry.etags:
            headers["ETag"] = f'"{digest}"'
        return self.answer(200, data, headers)

    def _put_manifest(self, stored: Stored, name: str, version: str) -> None:
        data = bytes(self.read_body(bytearray()))
        document = json.loads(data)
        for each in [document.get("config"), *document.get("layers", [])]:
            if each and each["digest"] not in stored.blobs:
                return self.refuse(404, "MANIFEST_BLOB_UNKNOWN", each["digest"])
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if ":" in version and version != digest:
            return self.refuse(400, "DIGEST_INVALID")
        if ":" not in version:
            named = stored.tags.get(version, "")
            if self.registry.etags and not self._condition_holds(named):
                return self.refuse(412, "UNKNOWN", "the tag was changed")
            if self.registry.immutable_tags and named not in ("", digest):
                return self.refuse(400, "TAG_INVALID", f"the tag {version} is immutable")
            stored.tags[version] = digest
        stored.manifests[digest] = (self.headers["Content-Type"], data)
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        if self.registry.referrers and document.get("subject"):
            headers["OCI-Subject"] = document["subject"]["digest"]
        return self.answer(201, headers=headers)

    def _condition_holds(self, named: str) -> bool:
        wanted = self.headers.get("If-Match")
        return (wanted is None or wanted == f'"{named}"') and not (self.headers.get("If-None-Match") == "*" and named)

    def _tags(self, stored: Stored, name: str, last: str) -> None:
        tags = sorted(tag for tag in stored.tags if tag > self._query.get("last", ""))
        page = tags[: self.registry.page]
        headers = {"Content-Type": "application/json"}
        if len(tags) > len(page):
            headers["Link"] = f'</v2/{name}/tags/list?n={self.registry.page}&last={page[-1]}>; rel="next"'
        return self.answer(200, json.dumps({"name": name, "tags": page}).encode(), headers)

    def _referrers(self, stored: Stored, name: str, subject: str) -> None:
        if not self.registry.referrers:
            return self.refuse(404, "UNSUPPORTED")
        found = []
        for digest, (media_type, data) in stored.manifests.items():
            document = json.loads(data)
            if (document.get("subject") or {}).get("digest") == subject:
                described = {"mediaType": media_type, "digest": digest, "size": len(data)}
                described |= {"artifactType": document.get("artifactType", "")}
                found.append({**described, "annotations": document.get("annotations", {})})
        start = int(self._query.get("last", "0"))
        page = found[start : start + self.registry.page]
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": page}).encode()
        headers = {"Content-Type": INDEX}
        if start + len(page) < len(found):
            headers["Link"] = f'</v2/{name}/referrers/{subject}?last={start + len(page)}>; rel="next"'
        return self.answer(200, body, headers)

    # authentication

    def _is_allowed(self) -> bool:
        registry, sent = self.registry, self.headers.get("Authorization", "")
        if not registry.scheme:
            return True
        if registry.scheme == "basic":
            return sent == self._basic()
        token = sent.removeprefix("Bearer ")
        with registry.lock:
            if registry.tokens.get(token, 0) <= 0:
                return False
            registry.tokens[token] -= 1
            return True

    def _challenge(self) -> None:
        realm = f'Bearer realm="http://{self.registry.host}/token",service="fake",scope="repository:any:pull"'
        value = realm if self.registry.scheme == "bearer" else 'Basic realm="fake"'
        self.refuse(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": value})

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.registry.user}:{self.registry.password}".encode()).decode()

    def _give_token(self) -> None:
        fields = parse_qs(bytes(self.read_body(bytearray())).decode()) if self.command == "POST" else {}
        known = self.headers.get("Authorization", "") == self._basic()
        if fields.get("grant_type") == ["password"]:
            known = (fields["username"], fields["password"]) == ([self.registry.user], [self.registry.password])
        if not known and fields.get("refresh_token") != [self.registry.password]:
            return self.refuse(401, "UNAUTHORIZED", "incorrect username or password")
        token = uuid.uuid4().hex
        self.registry.tokens[token] = self.registry.token_lives
        return self.answer(200, json.dumps({"token": token, "expires_in": 60}).encode())

    # wire

    def read_body(self, target: bytearray, limit: int | None = None) -> bytearray:
        """Add the body to `target`, or so much of it."""
        left = int(self.headers.get("Content-Length") or 0)
        left = left if limit is None else min(left, limit)
        while left:
            block = self.rfile.read(min(left, 1 << 16))
            if not block:
                raise HangUp
            target += block
            left -= len(block)
        self._body_read = limit is None
        return target

    def answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, send: int | None = None
    ) -> None:
        """Answer; `send` bytes of the body only, if a fault wants that."""
        if not self._body_read:
            self.read_body(bytearray())
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if send is None else body[:send])
        if send is not None:
            self.wfile.flush()
            raise HangUp

    def refuse(self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None) -> None:
        """Answer with an error as the specification writes them."""
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
        self.answer(status, body, {"Content-Type": "application/json", **(headers or {})})


def _range(upload: bytearray) -> str:
    return f"0-{max(len(upload) - 1, 0)}"

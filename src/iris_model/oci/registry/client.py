"""One registry as the distribution specification has it: manifests, tags and blobs. What makes an image of them is elsewhere
(`pull`, `push`, `referrers`)."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlencode

from iris_model.errors import InvalidImage, InvalidReference, ManifestNotFound, RegistryError, RepositoryNotFound
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.manifests import LARGEST_MANIFEST
from iris_model.oci.media_types import FAMILIES
from iris_model.oci.references import Repository
from iris_model.oci.registry.addresses import join_address
from iris_model.oci.registry.answers import Answer
from iris_model.oci.registry.connections import Connections
from iris_model.oci.registry.credentials import CredentialSource
from iris_model.oci.registry.docker_config import DockerConfig
from iris_model.oci.registry.downloads import RegistryBlob
from iris_model.oci.registry.retries import Retries
from iris_model.oci.registry.transport import Request, Transport

ACCEPT = ", ".join(word for family in FAMILIES for word in (family.manifest, family.index))

_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')
_PAGE = 1000  # ECR refuses more
MOST_PAGES = 100


class RegistryClient:
    """Talks to one registry. Without `credentials`, those of `docker login` are used."""

    def __init__(
        self,
        registry: str,
        *,
        credentials: CredentialSource | None = None,
        plain_http: bool | None = None,
        retries: Retries | None = None,
        connections: Connections | None = None,
    ) -> None:
        self.registry = registry
        self.transport = Transport(
            registry,
            credentials if credentials is not None else DockerConfig(),
            plain_http=plain_http,
            retries=retries,
            connections=connections,
        )

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def ping(self) -> None:
        """Ask whether this is a registry and whether it knows us."""
        answer = self._ask("GET", "/v2/", f"reach {self.registry}")
        if answer.status != 200:
            raise self.transport.failure(answer, f"reach {self.registry}")

    # manifests

    def find_manifest(self, repository: Repository, version: str) -> Descriptor | None:
        """What a tag or digest names now, without fetching it. None where it names nothing."""
        what = f"look up {_named(repository, version)}"
        path, headers = _manifest(repository, version), (("Accept", ACCEPT),)
        answer = self._ask("HEAD", path, what, repository, headers=headers)
        if answer.status in (401, 403):  # an answer to HEAD has no body that says why
            answer = self._ask("GET", path, what, repository, headers=headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        digest, size = _said_digest(answer, what), answer.header("Content-Length")
        if digest is None or not size.isdigit():  # the specification only recommends them
            return self.manifest(repository, version)[0]
        return Descriptor(answer.header("Content-Type"), digest, int(size))

    def manifest(self, repository: Repository, version: str) -> tuple[Descriptor, bytes]:
        """The manifest or index that a tag or digest names, verified."""
        what = f"pull {_named(repository, version)}"
        answer = self._ask("GET", _manifest(repository, version), what, repository, headers=(("Accept", ACCEPT),))
        if answer.status == 404:
            raise self._not_found(answer, repository, version, what)
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        if len(answer.body) > LARGEST_MANIFEST:
            raise InvalidImage(
                f"{what}: the manifest has more than {LARGEST_MANIFEST} bytes", remedy="This is no image."
            )
        promised = Digest.parse(version) if ":" in version else _said_digest(answer, what)
        digest = Digest.of(answer.body, promised.algorithm if promised else "sha256")
        if promised is not None and digest != promised:
            raise InvalidImage(
                f"{what}: the manifest has the digest {digest}, the registry said {promised}",
                remedy="The registry, or a proxy before it, sends other bytes than it promises. Do not use them.",
            )
        media_type = answer.header("Content-Type").partition(";")[0].strip()
        return Descriptor(media_type, digest, len(answer.body)), answer.body

    def put_manifest(
        self,
        repository: Repository,
        version: str,
        media_type: str,
        data: bytes,
        *,
        conditions: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        """Store a manifest under a tag or its digest; `conditions` are headers such as If-Match."""
        what = f"push {_named(repository, version)}"
        headers = (("Content-Type", media_type), *conditions)
        answer = self._ask(
            "PUT", _manifest(repository, version), what, repository, write=True, headers=headers, body=data
        )
        if answer.status not in (200, 201, 202):
            raise self.transport.failure(answer, what)
        digest = _said_digest(answer, what)
        if digest is not None and digest != Digest.of(data, digest.algorithm):
            raise RegistryError(
                f"{what}: the registry says that it stored {digest}, and we sent {Digest.of(data)}",
                remedy="Something between here and the registry changes what is sent. Look what the tag names now.",
            )
        return answer

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        """Remove a manifest with all its tags. Its blobs stay until the registry collects them."""
        self._delete(repository, f"/v2/{repository.name}/manifests/{digest}", f"delete {repository}@{digest}")

    def tags(self, repository: Repository) -> list[str]:
        """All tags, page after page."""
        return [tag for page in self._tag_pages(repository) for tag in page]

    # blobs

    def blob(self, repository: Repository, descriptor: Descriptor) -> RegistryBlob:
        """A blob to be opened; nothing is asked yet."""
        return RegistryBlob(repository, descriptor.digest, descriptor.size, self.transport)

    def has_blob(self, repository: Repository, digest: Digest, size: int) -> bool:
        """Whether a whole blob is there: one of another size is a damaged one."""
        what = f"look up {repository}@{digest}"
        answer = self._ask("HEAD", f"/v2/{repository.name}/blobs/{digest}", what, repository, write=True)
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        length = answer.header("Content-Length")
        return not length.isdigit() or int(length) == size

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        """Remove a blob, if the registry allows that."""
        self._delete(repository, f"/v2/{repository.name}/blobs/{digest}", f"delete {repository}@{digest}")

    # inside

    def _ask(
        self,
        method: str,
        path: str,
        what: str,
        repository: Repository | None = None,
        *,
        write: bool = False,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
    ) -> Answer:
        scopes = scopes_of(repository, write=write) if repository else ()
        return self.transport.ask(Request(method, path, what, scopes, headers, body))

    def _delete(self, repository: Repository, path: str, what: str) -> None:
        request = Request("DELETE", path, what, (f"repository:{repository.name}:delete",))
        answer = self.transport.ask(request)
        if answer.status not in (200, 202, 204):
            raise self.transport.failure(answer, what)

    def _tag_pages(self, repository: Repository) -> Iterator[list[str]]:
        what = f"list the tags of {repository}"
        path = f"/v2/{repository.name}/tags/list?{urlencode({'n': _PAGE})}"
        for _ in range(MOST_PAGES):
            answer = self._ask("GET", path, what, repository)
            if answer.status != 200:
                raise self.transport.failure(answer, what)
            try:
                tags = json.loads(answer.body).get("tags") or []
                yield [str(tag) for tag in tags]
            except (ValueError, AttributeError, TypeError, RecursionError):
                raise RegistryError(f"{what}: the answer is no list of tags", remedy="Is this a registry?") from None
            link = next_page(answer)
            if not link:
                return
            path = join_address(answer.url, link, what)

    def _not_found(self, answer: Answer, repository: Repository, version: str, what: str) -> RegistryError:
        """Whether it is the repository or only the tag that is unknown, and which tags are like it."""
        try:
            tags = self.tags(repository)
        except RepositoryNotFound as unknown:
            problem = f"{what}: the registry answered {unknown.status}: it has no repository {repository.name}"
            return RepositoryNotFound(problem, remedy=unknown.remedy, status=unknown.status)
        except RegistryError as refused:
            if refused.status == 404:
                return RepositoryNotFound(
                    f"{what}: the registry knows no such repository", remedy="Mend its name.", status=404
                )
            return self.transport.failure(answer, what)
        if ":" in version:
            return ManifestNotFound(
                f"{what}: the repository has no manifest of that digest",
                remedy="Mend the digest, or name a tag.",
                status=404,
            )
        near = difflib.get_close_matches(version, tags, n=5, cutoff=0.5) or sorted(tags)[-5:]
        there = f"near it are {', '.join(near)}" if near else "it has no tags at all"
        problem = f"{what}: the repository has no tag {version!r}; {there} ({len(tags)} in all)"
        return ManifestNotFound(problem, remedy="Choose one of those." if near else "Push an image first.", status=404)


def scopes_of(repository: Repository, *, write: bool = False, also: str = "") -> tuple[str, ...]:
    """What a token must allow; `also` is a repository to mount from."""
    own = f"repository:{repository.name}:{'pull,push' if write else 'pull'}"
    return (own, f"repository:{also}:pull") if also else (own,)


def next_page(answer: Answer) -> str:
    """Where a list that comes in pages goes on; empty at its end."""
    link = _NEXT.search(answer.header("Link"))
    return link[1] if link else ""


def _said_digest(answer: Answer, what: str) -> Digest | None:
    """The digest in a registry's header, if it sent one."""
    said = answer.header("Docker-Content-Digest")
    try:
        return Digest.parse(said) if said else None
    except InvalidReference:
        problem = f"{what}: the registry calls it {said[:200]!r}, which is no digest"
        raise RegistryError(problem, remedy="Is this a registry?", status=answer.status) from None


def _manifest(repository: Repository, version: str) -> str:
    return f"/v2/{repository.name}/manifests/{version}"


def _named(repository: Repository, version: str) -> str:
    return f"{repository}{'@' if ':' in version else ':'}{version}"

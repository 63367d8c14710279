"""A client of one registry, by the distribution specification: manifests, tags and blobs.

`pull`, `push` and `referrers` build on it.
"""

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
    """Calls one registry. By default, it uses the credentials of `docker login`."""

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
        """Check that this is a registry and that it accepts the credentials."""
        answer = self._ask("GET", "/v2/", f"reach {self.registry}")
        if answer.status != 200:
            raise self.transport.failure(answer, f"reach {self.registry}")

    # manifests

    def find_manifest(self, repository: Repository, version: str) -> Descriptor | None:
        """Return the descriptor of a tag or digest without fetching the manifest, or None if it does not exist."""
        what = f"look up {_named(repository, version)}"
        path, headers = _manifest(repository, version), (("Accept", ACCEPT),)
        answer = self._ask("HEAD", path, what, repository, headers=headers)
        if answer.status in (401, 403):  # a response to HEAD has no body with the reason
            answer = self._ask("GET", path, what, repository, headers=headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        digest, size = _said_digest(answer, what), answer.header("Content-Length")
        if digest is None or not size.isdigit():  # the specification only recommends these headers
            return self.manifest(repository, version)[0]
        return Descriptor(answer.header("Content-Type"), digest, int(size))

    def manifest(self, repository: Repository, version: str) -> tuple[Descriptor, bytes]:
        """Return the verified manifest or index of a tag or digest."""
        what = f"pull {_named(repository, version)}"
        answer = self._ask("GET", _manifest(repository, version), what, repository, headers=(("Accept", ACCEPT),))
        if answer.status == 404:
            raise self._not_found(answer, repository, version, what)
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        if len(answer.body) > LARGEST_MANIFEST:
            raise InvalidImage(
                f"{what}: the manifest has more than {LARGEST_MANIFEST} bytes",
                remedy="Check the reference: this is not an image.",
            )
        promised = Digest.parse(version) if ":" in version else _said_digest(answer, what)
        digest = Digest.of(answer.body, promised.algorithm if promised else "sha256")
        if promised is not None and digest != promised:
            raise InvalidImage(
                f"{what}: the manifest has the digest {digest}, but the registry announced {promised}",
                remedy="Do not use the image: the registry or a proxy sends other content than announced.",
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
                f"{what}: the registry stored {digest}, but {Digest.of(data)} was sent",
                remedy="Check what the tag refers to now: a proxy may have changed the content.",
            )
        return answer

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        """Delete a manifest with all its tags. Its blobs stay until the registry collects them."""
        self._delete(repository, f"/v2/{repository.name}/manifests/{digest}", f"delete {repository}@{digest}")

    def tags(self, repository: Repository) -> list[str]:
        """Return all tags."""
        return [tag for page in self._tag_pages(repository) for tag in page]

    # blobs

    def blob(self, repository: Repository, descriptor: Descriptor) -> RegistryBlob:
        """Return a blob without a request."""
        return RegistryBlob(repository, descriptor.digest, descriptor.size, self.transport)

    def has_blob(self, repository: Repository, digest: Digest, size: int) -> bool:
        """Whether the registry has the complete blob. A blob with another size is damaged."""
        what = f"look up {repository}@{digest}"
        answer = self._ask("HEAD", f"/v2/{repository.name}/blobs/{digest}", what, repository, write=True)
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self.transport.failure(answer, what)
        length = answer.header("Content-Length")
        return not length.isdigit() or int(length) == size

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        """Delete a blob, if the registry allows that."""
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
                raise RegistryError(
                    f"{what}: the answer is not a list of tags", remedy="Check that this is the address of a registry."
                ) from None
            link = next_page(answer)
            if not link:
                return
            path = join_address(answer.url, link, what)

    def _not_found(self, answer: Answer, repository: Repository, version: str, what: str) -> RegistryError:
        """Return the error for an unknown repository or tag, with similar tags."""
        try:
            tags = self.tags(repository)
        except RepositoryNotFound as unknown:
            problem = f"{what}: the registry answered {unknown.status}: it has no repository {repository.name}"
            return RepositoryNotFound(problem, remedy=unknown.remedy, status=unknown.status)
        except RegistryError as refused:
            if refused.status == 404:
                return RepositoryNotFound(
                    f"{what}: the registry has no such repository", remedy="Correct the name.", status=404
                )
            return self.transport.failure(answer, what)
        if ":" in version:
            return ManifestNotFound(
                f"{what}: the repository has no manifest with this digest",
                remedy="Correct the digest, or use a tag.",
                status=404,
            )
        near = difflib.get_close_matches(version, tags, n=5, cutoff=0.5) or sorted(tags)[-5:]
        there = f"similar tags: {', '.join(near)}" if near else "it has no tags at all"
        problem = f"{what}: the repository has no tag {version!r}; {there} ({len(tags)} in all)"
        return ManifestNotFound(problem, remedy="Choose one of these." if near else "Push an image first.", status=404)


def scopes_of(repository: Repository, *, write: bool = False, also: str = "") -> tuple[str, ...]:
    """Return the scopes of a token. `also` is a repository to mount from."""
    own = f"repository:{repository.name}:{'pull,push' if write else 'pull'}"
    return (own, f"repository:{also}:pull") if also else (own,)


def next_page(answer: Answer) -> str:
    """Return the address of the next page, "" at the end."""
    link = _NEXT.search(answer.header("Link"))
    return link[1] if link else ""


def _said_digest(answer: Answer, what: str) -> Digest | None:
    """Return the digest in the registry's header, or None."""
    said = answer.header("Docker-Content-Digest")
    try:
        return Digest.parse(said) if said else None
    except InvalidReference:
        problem = f"{what}: the registry answered {said[:200]!r}, which is not a digest"
        raise RegistryError(
            problem, remedy="Check that this is the address of a registry.", status=answer.status
        ) from None


def _manifest(repository: Repository, version: str) -> str:
    return f"/v2/{repository.name}/manifests/{version}"


def _named(repository: Repository, version: str) -> str:
    return f"{repository}{'@' if ':' in version else ':'}{version}"

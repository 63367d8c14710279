"""The list of referrers where a registry keeps none: an index under the tag `sha256-<hex>`, which clients write.

Goes in: a digest, and what refers to it. Comes out: the list, or the tag with what was added to it. The steps are those of the
distribution specification 1.1, "Referrers Tag Schema"; what is listed already is never lost to us, and nothing but an index is
written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_model.errors import RegistryError
from iris_model.oci.descriptors import NOTHING, Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.manifests import Index
from iris_model.oci.media_types import OCI
from iris_model.oci.references import Repository
from iris_model.oci.registry.client import ACCEPT, RegistryClient, scopes_of
from iris_model.oci.registry.transport import Request

_LONGEST_ENCODED = 64
_TRIES = 5
_CHANGED = 412


@dataclass(frozen=True)
class TagList:
    """What the tag lists now; `etag` is empty where the registry offers none or where there is no tag."""

    index: Index
    exists: bool = False
    etag: str = ""
    foreign: str = ""
    """The media type of something that is no list, and has the tag all the same."""


def fallback_tag(digest: Digest) -> str:
    """The tag under which clients keep the list of a digest."""
    return f"{digest.algorithm}-{digest.hex[:_LONGEST_ENCODED]}"


def read_tag(client: RegistryClient, repository: Repository, subject: Digest) -> TagList:
    """The list under the tag; empty where there is no such tag, or where it names something else."""
    tag = fallback_tag(subject)
    what = f"list what refers to {repository}@{subject}, under the tag {tag}"
    path = f"/v2/{repository.name}/manifests/{tag}"
    answer = client.transport.ask(Request("GET", path, what, scopes_of(repository), (("Accept", ACCEPT),)))
    if answer.status == 404:
        return TagList(Index.build(()))
    if answer.status != 200:
        raise client.transport.failure(answer, what)
    media_type = answer.header("Content-Type").partition(";")[0].strip()
    if media_type != OCI.index:
        return TagList(Index.build(()), True, foreign=media_type or "something without a media type")
    etag = answer.header("ETag")
    usable = "" if etag.startswith("W/") else etag  # a weak one never matches in a condition for writing
    return TagList(Index.parse(answer.body, f"{repository}:{tag}", media_type), True, usable)


def add_to_tag(client: RegistryClient, repository: Repository, subject: Digest, added: Sequence[Descriptor]) -> None:
    """Put `added` on the list, with one write. Where the registry knows conditions (ETag), another client's entries of the
    same moment are kept; where it knows none, the later of two writes wins, and the specification has no lock for that."""
    for _ in range(_TRIES):
        found = read_tag(client, repository, subject)
        if found.foreign:
            raise RegistryError(
                f"{repository}:{fallback_tag(subject)}: the tag names {found.foreign}, expected the list of what refers "
                "to an image",
                remedy="Somebody gave this tag to something else. Remove it, or leave the list out: --referrers api",
            )
        there = {each.digest for each in found.index.manifests}
        missing = [each for each in added if each.digest not in there]
        if not missing:
            return
        index = Index.build((*found.index.manifests, *missing), found.index.annotations or NOTHING)
        condition = ("If-Match", found.etag) if found.etag else ("If-None-Match", "*")
        try:
            client.put_manifest(
                repository,
                fallback_tag(subject),
                OCI.index,
                index.data,
                conditions=(condition,) if found.etag or not found.exists else (),
            )
            return
        except RegistryError as refused:
            if refused.status != _CHANGED:
                raise
    raise RegistryError(
        f"{repository}:{fallback_tag(subject)}: somebody else changed the list {_TRIES} times while we added to it",
        remedy="Push once more.",
        status=_CHANGED,
    )

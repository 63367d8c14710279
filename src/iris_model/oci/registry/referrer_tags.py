"""The list of referrers for registries that do not keep one: an index under the tag `sha256-<hex>`, written by clients.

The steps are those of the distribution specification 1.1, "Referrers Tag Schema". Existing entries are kept, and only
an index is overwritten.
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
    """The current list of the tag. `etag` is "" if the registry has no ETag support, or if there is no tag."""

    index: Index
    exists: bool = False
    etag: str = ""
    foreign: str = ""
    """The media type of the object that the tag names, if it is not a list."""


def fallback_tag(digest: Digest) -> str:
    """Return the tag with the list of a digest."""
    return f"{digest.algorithm}-{digest.hex[:_LONGEST_ENCODED]}"


def read_tag(client: RegistryClient, repository: Repository, subject: Digest) -> TagList:
    """Return the list of the tag; empty if the tag does not exist, or names something else."""
    tag = fallback_tag(subject)
    what = f"list the referrers of {repository}@{subject}, under the tag {tag}"
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
    usable = "" if etag.startswith("W/") else etag  # a weak ETag never matches in a condition for writing
    return TagList(Index.parse(answer.body, f"{repository}:{tag}", media_type), True, usable)


def add_to_tag(client: RegistryClient, repository: Repository, subject: Digest, added: Sequence[Descriptor]) -> None:
    """Add `added` to the list with one write.

    If the registry supports conditions (ETag), entries that another client adds at the same time are kept. Otherwise
    the later of two writes wins, because the specification has no lock.
    """
    for _ in range(_TRIES):
        found = read_tag(client, repository, subject)
        if found.foreign:
            raise RegistryError(
                f"{repository}:{fallback_tag(subject)}: the tag refers to {found.foreign}, expected a list of referrers",
                remedy="Remove the tag, which is used for something else, or use --referrers api.",
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
        f"{repository}:{fallback_tag(subject)}: the list was changed by another process {_TRIES} times",
        remedy="Push again.",
        status=_CHANGED,
    )

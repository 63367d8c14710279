"""Referrers: what belongs to an image without being in it (an SBOM, a provenance statement), and never as an index around it.

An artifact is a manifest whose `subject` is the image. Registries of the specification 1.1 list them by themselves; for older
ones the specification has a tag, `sha256-<hex>`, under which clients keep the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from iris_model.errors import ManifestNotFound, RepositoryNotFound
from iris_model.oci.blobs import BytesBlob
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.manifests import Index, Manifest
from iris_model.oci.media_types import EMPTY, INDEXES, OCI
from iris_model.oci.progress import silent
from iris_model.oci.references import Repository
from iris_model.oci.registry.client import RegistryClient, scopes_of
from iris_model.oci.registry.transport import Request
from iris_model.oci.registry.uploads import Upload

_EMPTY_CONFIG = b"{}"


@dataclass(frozen=True)
class ArtifactFile:
    """One file of an artifact."""

    media_type: str
    data: bytes
    annotations: Mapping[str, str]


def artifact_manifest(
    subject: Descriptor, artifact_type: str, files: Sequence[ArtifactFile], annotations: Mapping[str, str]
) -> Manifest:
    """The manifest of an artifact about an image. Same input, same bytes."""
    config = Descriptor.of(EMPTY, _EMPTY_CONFIG)
    layers = tuple(Descriptor.of(file.media_type, file.data, annotations=dict(file.annotations)) for file in files)
    about = Descriptor(subject.media_type, subject.digest, subject.size)
    return Manifest.build(
        OCI,
        config,
        layers or (config,),
        annotations=annotations,
        subject=about,
        artifact_type=artifact_type,
    )


def push_artifact(
    client: RegistryClient,
    repository: Repository,
    subject: Descriptor,
    artifact_type: str,
    files: Sequence[ArtifactFile],
    *,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Store an artifact about an image that lies in the same repository. Returns what names it."""
    manifest = artifact_manifest(subject, artifact_type, files, annotations or {})
    for data in dict.fromkeys((_EMPTY_CONFIG, *(file.data for file in files))):
        Upload(client, repository, BytesBlob.of(data), silent).run()
    descriptor = manifest.descriptor
    answer = client.put_manifest(repository, str(descriptor.digest), manifest.media_type, manifest.data)
    if not answer.header("OCI-Subject"):  # it does not know of subjects: the list is ours to keep
        _add_to_tag(client, repository, subject.digest, replace(descriptor, annotations=manifest.annotations))
    return descriptor


def list_referrers(
    client: RegistryClient, repository: Repository, subject: Digest, *, artifact_type: str = ""
) -> tuple[Descriptor, ...]:
    """What the registry has about an image, of one type or of all."""
    query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    what = f"list what refers to {repository}@{subject}"
    path = f"/v2/{repository.name}/referrers/{subject}{query}"
    answer = client.transport.ask(Request("GET", path, what, scopes_of(repository), (("Accept", OCI.index),)))
    media_type = answer.header("Content-Type").partition(";")[0]
    if answer.status == 200 and media_type in INDEXES:
        found = Index.parse(answer.body, what, media_type).manifests
    elif answer.status in (200, 400, 404, 405):
        found = _read_tag(client, repository, subject)
    else:
        raise client.transport.failure(answer, what)
    return tuple(each for each in found if not artifact_type or each.artifact_type == artifact_type)


def fallback_tag(digest: Digest) -> str:
    """The tag under which clients keep the list where the registry does not."""
    return f"{digest.algorithm}-{digest.hex}"[:128]


def _read_tag(client: RegistryClient, repository: Repository, subject: Digest) -> tuple[Descriptor, ...]:
    try:
        descriptor, data = client.manifest(repository, fallback_tag(subject))
    except (ManifestNotFound, RepositoryNotFound):
        return ()
    return Index.parse(data, f"{repository}:{fallback_tag(subject)}", descriptor.media_type).manifests


def _add_to_tag(client: RegistryClient, repository: Repository, subject: Digest, descriptor: Descriptor) -> None:
    """Add to the list. Two clients at the same moment may lose one entry: the specification has no lock for this."""
    others = tuple(each for each in _read_tag(client, repository, subject) if each.digest != descriptor.digest)
    index = Index.build((*others, descriptor))
    client.put_manifest(repository, fallback_tag(subject), index.media_type, index.data)

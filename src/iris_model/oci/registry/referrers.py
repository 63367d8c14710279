"""Referrers: documents attached to an image (an SBOM, a provenance statement), never as an index around it.

An artifact is a manifest whose `subject` is the image. Registries of the specification 1.1 list them; for others
clients keep the list under a tag (`referrer_tags`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from iris_model.oci.blobs import BytesBlob
from iris_model.oci.descriptors import Descriptor
from iris_model.oci.digests import Digest
from iris_model.oci.manifests import Index, Manifest
from iris_model.oci.media_types import EMPTY, INDEXES, OCI
from iris_model.oci.progress import silent
from iris_model.oci.references import Repository
from iris_model.oci.registry.addresses import join_address
from iris_model.oci.registry.client import MOST_PAGES, RegistryClient, next_page, scopes_of
from iris_model.oci.registry.referrer_tags import add_to_tag, read_tag
from iris_model.oci.registry.transport import Request
from iris_model.oci.registry.uploads import Upload

TITLE = "org.opencontainers.image.title"
"""The annotation with the name of a file in an artifact. Without it, `oras pull` writes no file."""

_EMPTY_CONFIG = b"{}"
# Responses of registries without the referrers API.
_UNKNOWN_REQUEST = (400, 404, 405, 501)


@dataclass(frozen=True)
class ArtifactFile:
    """One file of an artifact."""

    media_type: str
    data: bytes
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Artifact:
    """A document to attach to an image: one or more files of one type."""

    artifact_type: str
    files: tuple[ArtifactFile, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)

    def manifest(self, subject: Descriptor) -> Manifest:
        """Return its manifest with the image as subject. The same input gives the same bytes."""
        config = Descriptor.of(EMPTY, _EMPTY_CONFIG)
        layers = tuple(
            Descriptor.of(file.media_type, file.data, annotations=dict(file.annotations)) for file in self.files
        )
        about = Descriptor(subject.media_type, subject.digest, subject.size)
        return Manifest.build(
            OCI,
            config,
            layers or (config,),
            annotations=self.annotations,
            subject=about,
            artifact_type=self.artifact_type,
        )


@dataclass(frozen=True)
class Referrers:
    """The referrers of an image, and where their list is stored."""

    descriptors: tuple[Descriptor, ...]
    listed_by_registry: bool
    """Whether the registry stores the list. If not, clients store it under a tag."""


def find_referrers(
    client: RegistryClient, repository: Repository, subject: Digest, *, artifact_type: str = ""
) -> Referrers:
    """Return the referrers of an image, of one artifact type or of all."""
    query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    what = f"list the referrers of {repository}@{subject}"
    path = f"/v2/{repository.name}/referrers/{subject}{query}"
    found: list[Descriptor] = []
    by_registry = False
    for _ in range(MOST_PAGES):
        answer = client.transport.ask(Request("GET", path, what, scopes_of(repository), (("Accept", OCI.index),)))
        media_type = answer.header("Content-Type").partition(";")[0].strip()
        if answer.status == 200 and media_type in INDEXES:
            by_registry = True
            found += Index.parse(answer.body, what, media_type).manifests
            if link := next_page(answer):
                path = join_address(answer.url, link, what)
                continue
        elif by_registry or answer.status not in (200, *_UNKNOWN_REQUEST):
            raise client.transport.failure(answer, what)
        break
    if not by_registry:
        found = list(read_tag(client, repository, subject).index.manifests)
    # A registry may ignore the filter, and pages may change while they are read.
    kept = {each.digest: each for each in found if not artifact_type or each.artifact_type == artifact_type}
    return Referrers(tuple(kept.values()), by_registry)


def list_referrers(
    client: RegistryClient, repository: Repository, subject: Digest, *, artifact_type: str = ""
) -> tuple[Descriptor, ...]:
    """Return only the descriptors."""
    return find_referrers(client, repository, subject, artifact_type=artifact_type).descriptors


def attach(
    client: RegistryClient, repository: Repository, subject: Descriptor, artifacts: Sequence[Artifact]
) -> Referrers:
    """Attach artifacts to an image in the same repository. Return all its referrers.

    Existing ones are not sent again. If the list is a tag, several artifacts need one write.
    """
    there = find_referrers(client, repository, subject.digest)
    listed = {each.digest: each for each in there.descriptors}
    unknown_to_registry: list[Descriptor] = []
    for artifact in artifacts:
        manifest = artifact.manifest(subject)
        descriptor = replace(manifest.descriptor, annotations=manifest.annotations)
        if descriptor.digest in listed:
            continue
        said = _store(client, repository, artifact, manifest)
        listed[descriptor.digest] = descriptor
        if not said and not there.listed_by_registry:
            unknown_to_registry.append(descriptor)
    if unknown_to_registry:
        add_to_tag(client, repository, subject.digest, unknown_to_registry)
    return Referrers(tuple(listed.values()), not unknown_to_registry and there.listed_by_registry)


def push_artifact(
    client: RegistryClient,
    repository: Repository,
    subject: Descriptor,
    artifact_type: str,
    files: Sequence[ArtifactFile],
    *,
    annotations: Mapping[str, str] | None = None,
) -> Descriptor:
    """Store one artifact of an image. Return its descriptor."""
    artifact = Artifact(artifact_type, tuple(files), annotations or {})
    attach(client, repository, subject, [artifact])
    return artifact.manifest(subject).descriptor


def _store(client: RegistryClient, repository: Repository, artifact: Artifact, manifest: Manifest) -> bool:
    """Send blobs and manifest. Return whether the registry added the artifact to its own list."""
    for data in dict.fromkeys((_EMPTY_CONFIG, *(file.data for file in artifact.files))):
        Upload(client, repository, BytesBlob.of(data), silent).run()
    answer = client.put_manifest(repository, str(manifest.digest), manifest.media_type, manifest.data)
    return bool(answer.header("OCI-Subject"))

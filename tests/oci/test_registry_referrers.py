"""Referrers of an image: with registries that list them, and with those that do not."""

from __future__ import annotations

import json
import threading

import pytest

from iris_model.errors import RegistryError
from iris_model.oci import OCI, Digest
from iris_model.oci.registry import (
    Artifact,
    ArtifactFile,
    attach,
    find_referrers,
    list_referrers,
    push,
    push_artifact,
)
from iris_model.oci.registry.referrer_tags import add_to_tag, fallback_tag, read_tag
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry

SBOM = "application/vnd.cyclonedx+json"
STATEMENT = "application/vnd.in-toto+json"


def artifact(kind: str, data: bytes, **annotations: str) -> Artifact:
    return Artifact(kind, (ArtifactFile(kind, data, {}),), annotations)


@pytest.mark.parametrize("known", [True, False])
def test_artifacts_are_listed(registry: FakeRegistry, clients: Clients, known: bool) -> None:
    registry.referrers = known
    client, reference, image = clients.make(), clients.reference("model:1"), sample_image(b"one")
    push(client, image, reference)
    subject = image.manifest.descriptor
    pushed = [
        push_artifact(client, reference.repository, subject, kind, [ArtifactFile(kind, data, {})])
        for kind, data in (
            (SBOM, b'{"bomFormat": "CycloneDX"}'),
            (STATEMENT, b"{}"),
            (SBOM, b'{"bomFormat": "CycloneDX"}'),
        )
    ]
    assert pushed[0].digest == pushed[2].digest
    found = list_referrers(client, reference.repository, image.digest)
    assert {each.digest for each in found} == {each.digest for each in pushed}
    assert len(found) == 2
    (sbom,) = list_referrers(client, reference.repository, image.digest, artifact_type=SBOM)
    _, data = client.manifest(reference.repository, str(sbom.digest))
    document = json.loads(data)
    assert document["subject"]["digest"] == str(image.digest)
    assert document["artifactType"] == SBOM
    assert document["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    # The image itself is still one plain manifest, and there is a list under a tag only where the registry has none.
    assert registry.tag("model", "1") == str(image.digest)
    assert bool(registry.tag("model", fallback_tag(image.digest))) is not known


def test_an_image_without_any(registry: FakeRegistry, clients: Clients) -> None:
    for known in (True, False):
        registry.referrers = known
        push(clients.make(), sample_image(b"one"), clients.reference("model:1"))
        found = find_referrers(clients.make(), clients.reference("model").repository, sample_image(b"one").digest)
        assert (found.descriptors, found.listed_by_registry) == ((), known)


@pytest.mark.parametrize(
    ("algorithm", "encoded", "tag"),
    [  # examples of the specification
        ("sha256", "a" * 64, "sha256-" + "a" * 64),
        ("sha512", "a" * 128, "sha512-" + "a" * 64),
    ],
)
def test_the_tag_is_that_of_the_specification(algorithm: str, encoded: str, tag: str) -> None:
    assert fallback_tag(Digest(algorithm, encoded)) == tag


def test_several_artifacts_are_one_write_of_the_tag(registry: FakeRegistry, clients: Clients) -> None:
    registry.referrers, registry.immutable_tags = False, True
    client, reference, image = clients.make(), clients.reference("model:1"), sample_image(b"one")
    push(client, image, reference)
    both = [artifact(SBOM, b"{}", made="by us"), artifact(STATEMENT, b"{}")]
    attach(client, reference.repository, image.manifest.descriptor, both)
    tag = fallback_tag(image.digest)
    assert len(registry.asked("PUT", f"manifests/{tag}")) == 1
    media_type, data = registry.repositories["model"].manifests[registry.tag("model", tag)]
    listed = json.loads(data)
    assert media_type == listed["mediaType"] == OCI.index
    assert [each["artifactType"] for each in listed["manifests"]] == [SBOM, STATEMENT]
    assert listed["manifests"][0]["annotations"] == {"made": "by us"}
    # Again: nothing is sent, and the tag, which cannot move, is left alone.
    before = len(registry.requests)
    attach(client, reference.repository, image.manifest.descriptor, both)
    assert {each.method for each in registry.requests[before:]} == {"GET"}
    with pytest.raises(RegistryError, match="immutable"):
        attach(client, reference.repository, image.manifest.descriptor, [artifact(SBOM, b'{"new": 1}')])


def test_referrers_of_other_tools_are_kept(registry: FakeRegistry, clients: Clients) -> None:
    """Also what they wrote into the list itself, and between our reading and our writing, where the registry can tell."""
    registry.referrers, registry.etags = False, True
    client, repository, image = clients.make(), clients.reference("model").repository, sample_image(b"one")
    push(client, image, clients.reference("model:1"))
    theirs = artifact("application/vnd.example.signature", b"signed").manifest(image.manifest.descriptor).descriptor
    started = threading.Barrier(6)

    def add(number: int) -> None:
        mine = artifact(SBOM, b'{"number": %d}' % number).manifest(image.manifest.descriptor).descriptor
        started.wait(10)
        for _ in range(20):
            try:
                return add_to_tag(clients.make(), repository, image.digest, [mine])
            except RegistryError as crowded:
                assert crowded.status == 412

    add_to_tag(client, repository, image.digest, [theirs])
    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    listed = read_tag(client, repository, image.digest).index.manifests
    assert len(listed) == 7
    assert theirs in listed


def test_a_tag_that_is_something_else_is_not_written_over(registry: FakeRegistry, clients: Clients) -> None:
    registry.referrers = False
    client, image = clients.make(), sample_image(b"one")
    push(client, image, clients.reference("model:1"))
    push(client, sample_image(b"two"), clients.reference(f"model:{fallback_tag(image.digest)}"))
    repository = clients.reference("model").repository
    assert list_referrers(client, repository, image.digest) == ()
    with pytest.raises(RegistryError, match="expected a list of referrers") as caught:
        attach(client, repository, image.manifest.descriptor, [artifact(SBOM, b"{}")])
    assert "--referrers api" in caught.value.remedy
    assert registry.tag("model", fallback_tag(image.digest)) == str(sample_image(b"two").digest)


def test_a_list_in_pages(registry: FakeRegistry, clients: Clients) -> None:
    registry.page = 2
    client, repository, image = clients.make(), clients.reference("model").repository, sample_image(b"one")
    push(client, image, clients.reference("model:1"))
    for number in range(5):
        attach(client, repository, image.manifest.descriptor, [artifact(SBOM, b"%d" % number)])
    assert len(list_referrers(client, repository, image.digest)) == 5

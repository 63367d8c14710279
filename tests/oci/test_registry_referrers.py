"""What belongs to an image without being in it: with registries that list it, and with those that do not."""

from __future__ import annotations

import json

import pytest

from iris_model.oci.registry import ArtifactFile, list_referrers, push, push_artifact
from iris_model.oci.registry.referrers import fallback_tag
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry

SBOM = "application/vnd.cyclonedx+json"
STATEMENT = "application/vnd.in-toto+json"


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
        assert list_referrers(clients.make(), clients.reference("model").repository, sample_image(b"one").digest) == ()

"""Pushing into ECR: the image, and SBOM and provenance beside it where the registry keeps such things."""

from __future__ import annotations

import json

import pytest

from iris_model.aws.images import tag_for
from iris_model.aws.push import push_image
from iris_model.aws.repository import create_repository
from tests.aws.conftest import DEPLOYMENT, Cloud
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry, running

DOCUMENTS = {"application/vnd.cyclonedx+json": b'{"bomFormat": "CycloneDX"}', "application/vnd.in-toto+json": b"{}"}


@pytest.mark.parametrize("keeps", [True, False])
def test_documents_go_beside_the_image_where_the_registry_keeps_them(cloud: Cloud, keeps: bool):
    create_repository(cloud.aws, DEPLOYMENT)
    image = sample_image(b"one")
    with running(FakeRegistry(user="AWS", password="secret", scheme="basic", referrers=keeps)) as registry:
        for _ in range(2):
            push_image(cloud.aws, DEPLOYMENT, image, f"http://{registry.host}", cloud.steps.append, documents=DOCUMENTS)
        stored = registry.repositories["iris"]
        # Not under tags: those of the repository cannot move.
        assert stored.tags == {tag_for(str(image.digest)): str(image.digest)}
        manifests = [json.loads(data) for _, data in stored.manifests.values()]
        beside = {
            each["artifactType"]: stored.blobs[each["layers"][0]["digest"]]
            for each in manifests
            if each.get("subject", {}).get("digest") == str(image.digest)
        }
        assert beside == (DOCUMENTS if keeps else {})
        assert len(manifests) == 1 + len(beside)
    assert ("the registry keeps no referrers" in " ".join(cloud.steps)) is not keeps

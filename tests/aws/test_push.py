"""Pushing to ECR: the image, and SBOM and provenance attached to it where the registry supports this."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from iris_model.aws.ecr.images import tag_for
from iris_model.aws.ecr.push import push_image
from iris_model.aws.ecr.repository import create_repository
from iris_model.cli.sources.deployed_image import choose_image
from iris_model.oci import write_layout
from tests.aws.conftest import DEPLOYMENT, Cloud
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry, running

DOCUMENTS = {"application/vnd.cyclonedx+json": b'{"bomFormat": "CycloneDX"}', "application/vnd.in-toto+json": b"{}"}


@pytest.mark.parametrize("keeps", [True, False])
def test_documents_are_attached_to_the_image_where_the_registry_keeps_them(cloud: Cloud, keeps: bool):
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
    assert ("the registry does not list referrers" in " ".join(cloud.steps)) is not keeps


@dataclass(frozen=True)
class Endpoint:
    """The part of the transport that a push asks: where ECR is."""

    url: str

    def endpoint_url(self, service: str) -> str:
        assert service == "ecr"
        return self.url


def test_documents_next_to_an_archive_are_pushed_if_they_describe_it(cloud: Cloud, tmp_path):
    create_repository(cloud.aws, DEPLOYMENT)
    image = sample_image(b"one")
    write_layout(image, tmp_path / "image")
    sbom = json.dumps({"metadata": {"component": {"version": str(image.digest)}}}).encode()
    (tmp_path / "image.cdx.json").write_bytes(sbom)
    (tmp_path / "image.intoto.json").write_text('{"subject": [{"digest": {"sha256": "of another build"}}]}')
    with running(FakeRegistry(user="AWS", password="secret", scheme="basic")) as registry:
        endpoint: Any = Endpoint(f"http://{registry.host}")
        chosen = choose_image(str(tmp_path / "image"), DEPLOYMENT, tmp_path, endpoint, cloud.steps.append)
        assert chosen.digest == str(image.digest)
        chosen.push(cloud.aws, DEPLOYMENT, chosen.digest)
        manifests = [json.loads(data) for _, data in registry.repositories["iris"].manifests.values()]
    assert [each["artifactType"] for each in manifests if "subject" in each] == ["application/vnd.cyclonedx+json"]

"""ECR as a registry: the token that boto3 gets, repositories that must exist, tags that must not move. On MiniStack."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from iris_model.errors import RegistryError, RepositoryNotFound
from iris_model.oci import OCI, Reference, build_layer, file_entry, validate
from iris_model.oci.registry import Credentials, RegistryClient, UploadSettings, fixed, pull, push
from tests.oci.samples import sample_image
from tests.support.ministack_install import ministack_python
from tests.support.ministack_server import ministack
from tests.support.requirement import require

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    require(ministack_python)
    with ministack(tmp_path_factory.mktemp("ministack"), SERVICES="ecr,sts") as port:
        yield port


@pytest.fixture(scope="module")
def ecr(port: int) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("ecr", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)


@pytest.fixture
def client(port: int, ecr: Any) -> RegistryClient:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(token).startswith(b"AWS:")
    return RegistryClient(f"127.0.0.1:{port}", credentials=fixed(Credentials.from_basic(token)))


def test_ecr_describes_what_we_push(ecr: Any, client: RegistryClient) -> None:
    ecr.create_repository(repositoryName="team/iris")
    image = sample_image(b"one", b"two")
    push(client, image, Reference.parse(f"{client.registry}/team/iris:1"))
    (described,) = ecr.describe_images(repositoryName="team/iris")["imageDetails"]
    assert described["imageDigest"] == str(image.digest)
    assert described["imageTags"] == ["1"]
    assert validate(pull(client, Reference.parse(f"{client.registry}/team/iris:1"))) == []
    oci = image.with_family(OCI)
    push(client, oci, Reference.parse(f"{client.registry}/team/iris:oci"), settings=UploadSettings(50, 50))
    assert pull(client, Reference.parse(f"{client.registry}/team/iris:oci")).digest == oci.digest


def test_a_repository_must_exist(client: RegistryClient) -> None:
    with pytest.raises(RepositoryNotFound, match="Nothing was tagged") as caught:
        push(client, sample_image(b"one"), Reference.parse(f"{client.registry}/nobody:1"))
    assert "create the repository first" in caught.value.remedy


def test_a_tag_that_must_not_move(ecr: Any, client: RegistryClient) -> None:
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    reference, image = Reference.parse(f"{client.registry}/fixed:1"), sample_image(b"one")
    push(client, image, reference)
    assert push(client, image, reference).unchanged
    with pytest.raises(RegistryError, match="immutable") as caught:
        push(client, image.append_layer(build_layer([file_entry("x", b"")])), reference)
    assert "a new tag" in caught.value.remedy
    assert f"{reference} still refers to {image.digest}" in caught.value.problem
    assert pull(client, reference).digest == image.digest

"""Push and pull over HTTP: what is sent, what is not, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iris_model.errors import InvalidImage, ManifestNotFound, PlatformNotFound, RepositoryNotFound
from iris_model.oci import DOCKER, OCI, Index, MediaTypes, Platform, Reference, build_layer, file_entry, validate
from iris_model.oci.progress import Progress
from iris_model.oci.registry import UploadSettings, pull, push
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry


@pytest.mark.parametrize("family", [DOCKER, OCI])
def test_pushed_images_can_be_pulled(clients: Clients, family: MediaTypes) -> None:
    image = sample_image(b"one", b"two", family=family)
    client, reference = clients.make(), clients.reference("team/model:1")
    report = push(client, image, reference)
    assert report.reference == reference.with_digest(image.digest)
    assert sorted(report.uploaded) == sorted([*(layer.digest for layer in image.layers), image.config_blob.digest])
    assert report.bytes_sent == image.size
    found = pull(client, reference)
    assert found.digest == image.digest
    assert found == image
    assert validate(found) == []
    assert pull(client, report.reference).digest == image.digest


def test_layers_first_then_the_config_and_the_manifest_last(registry: FakeRegistry, clients: Clients) -> None:
    image = sample_image(b"one", b"two", b"three")
    push(clients.make(), image, clients.reference("model:1"))
    puts = [each.path for each in registry.asked("PUT")]
    assert puts[-1] == "/v2/model/manifests/1"
    assert str(image.config_blob.digest) in puts[-2]
    assert len(puts) == 5


def test_pushing_again_sends_nothing(registry: FakeRegistry, clients: Clients) -> None:
    image, reference = sample_image(b"one"), clients.reference("model:1")
    push(clients.make(), image, reference)
    registry.requests.clear()
    report = push(clients.make(), image, reference)
    assert report.unchanged
    assert [each.method for each in registry.requests] == ["HEAD"]


def test_a_new_model_sends_its_layer_only(registry: FakeRegistry, clients: Clients) -> None:
    base, client = sample_image(b"base" * 9999, b"runtime"), clients.make()
    push(client, base, clients.reference("model:1"))
    changed = base.append_layer(build_layer([file_entry("var/task/model", b"new")]))
    report = push(client, changed, clients.reference("model:2"))
    assert report.uploaded == (changed.layers[-1].digest, changed.config_blob.digest)
    assert set(report.present) == {layer.digest for layer in base.layers}
    assert report.bytes_sent == changed.layers[-1].size + len(changed.config.data) + len(changed.manifest.data)


def test_a_base_of_the_same_registry_is_mounted_and_never_downloaded(registry: FakeRegistry, clients: Clients) -> None:
    client = clients.make()
    push(client, sample_image(b"base"), clients.reference("lambda/python:3.13"))
    base = pull(client, clients.reference("lambda/python:3.13"))
    registry.requests.clear()
    image = base.append_layer(build_layer([file_entry("var/task/model", b"m")]))
    report = push(client, image, clients.reference("team/model:1"))
    assert report.mounted == (base.layers[0].digest,)
    assert registry.asked("GET", "blobs/sha256") == []
    assert validate(pull(client, clients.reference("team/model:1"))) == []


def test_a_base_that_cannot_be_mounted_is_carried_over(registry: FakeRegistry, clients: Clients) -> None:
    registry.mounts = False
    client = clients.make()
    push(client, sample_image(b"base"), clients.reference("base:1"))
    report = push(client, pull(client, clients.reference("base:1")), clients.reference("model:1"))
    assert len(report.uploaded) == 1 + 1
    assert registry.tag("model", "1") == registry.tag("base", "1")


def test_a_base_of_another_registry_flows_through(clients: Clients, other_registry: FakeRegistry) -> None:
    elsewhere = Clients(other_registry)
    push(elsewhere.make(), sample_image(b"base"), elsewhere.reference("base:1"))
    base = pull(elsewhere.make(), elsewhere.reference("base:1"))
    push(clients.make(), base, clients.reference("model:1"))
    push(clients.make(), base.append_layer(build_layer([file_entry("m", b"")])), clients.reference("model:2"))
    assert len(other_registry.asked("GET", str(base.layers[0].digest))) == 1  # the second time it was there


def test_large_blobs_go_in_chunks(registry: FakeRegistry, clients: Clients) -> None:
    registry.smallest_chunk = 3000
    registry.location_query = "?state=abc"
    registry.absolute_locations = True
    image = sample_image(bytes(range(256)) * 40)
    layer = build_layer([file_entry("data", bytes(range(256)) * 40)], level=0)
    image = image.append_layer(layer)
    push(clients.make(), image, clients.reference("model:1"), settings=UploadSettings(chunk=1000, monolithic=2000))
    ranges = [each.headers["content-range"] for each in registry.asked("PATCH")]
    assert ranges[0] == "0-2999"
    assert ranges[-1] == f"{len(ranges) * 3000 - 3000}-{layer.size - 1}"
    assert all("?state=abc&digest=sha256" in each.path for each in registry.asked("PUT", "uploads"))
    assert validate(pull(clients.make(), clients.reference("model:1"))) == []


def test_a_registry_without_chunks_gets_the_whole(registry: FakeRegistry, clients: Clients) -> None:
    registry.chunks = False
    push(
        clients.make(), sample_image(b"one"), clients.reference("m:1"), settings=UploadSettings(chunk=50, monolithic=50)
    )
    assert registry.tag("m", "1")


def test_progress_is_reported_for_each_blob(clients: Clients) -> None:
    told: list[Progress] = []
    image = sample_image(b"one", b"two")
    push(clients.make(), image, clients.reference("model:1"), report=told.append)
    for digest, size in [(layer.digest, layer.size) for layer in image.layers]:
        mine = [each for each in told if each.digest == digest]
        assert (mine[0].state, mine[-1].state) == ("waiting", "uploaded")
        assert (mine[-1].done, mine[-1].total) == (size, size)
        assert [each.done for each in mine] == sorted(each.done for each in mine)


def test_an_index_is_resolved_by_platform(clients: Clients) -> None:
    client = clients.make()
    images = {text: sample_image(text.encode(), platform=Platform.parse(text)) for text in ("amd64", "linux/arm64/v8")}
    for text, image in images.items():
        push(client, image, clients.reference(f"base:{text.replace('/', '-')}"))
    entries = tuple(replace(image.manifest.descriptor, platform=image.platform) for image in images.values())
    index = Index.build(entries)
    repository = clients.reference("base").repository
    client.put_manifest(repository, "3.13", index.media_type, index.data)
    arm = pull(client, clients.reference("base:3.13"), platform=Platform.parse("arm64"))
    assert arm.digest == images["linux/arm64/v8"].digest
    assert pull(client, clients.reference("base:3.13")).digest == images["amd64"].digest
    with pytest.raises(PlatformNotFound, match="no image for linux/s390x, only for linux/amd64, linux/arm64/v8"):
        pull(client, clients.reference("base:3.13"), platform=Platform.parse("s390x"))
    with pytest.raises(PlatformNotFound, match="it is for linux/amd64 only"):
        pull(client, clients.reference("base:amd64"), platform=Platform.parse("arm64"))


def test_an_unknown_tag_lists_near_ones(registry: FakeRegistry, clients: Clients) -> None:
    registry.page = 2
    client = clients.make()
    for tag in ("1.4", "1.5", "2.0", "latest"):
        push(client, sample_image(b"one"), clients.reference(f"team/model:{tag}"))
    with pytest.raises(ManifestNotFound) as caught:
        pull(client, clients.reference("team/model:latst"))
    assert "has no tag 'latst'; similar tags: latest (4 in all)" in caught.value.problem
    assert client.tags(clients.reference("team/model").repository) == ["1.4", "1.5", "2.0", "latest"]


def test_an_unknown_repository(registry: FakeRegistry, clients: Clients) -> None:
    with pytest.raises(RepositoryNotFound, match=r"pull|list"):
        pull(clients.make(), clients.reference("nobody/has:1"))
    registry.create_on_push = False
    with pytest.raises(RepositoryNotFound) as caught:
        push(clients.make(), sample_image(), clients.reference("nobody/has:1"))
    assert "Nothing was tagged" in caught.value.problem
    assert "create the repository" in caught.value.remedy


def test_a_push_to_the_digest_of_another_image_is_refused(clients: Clients) -> None:
    reference = clients.reference("model:1").with_digest(sample_image(b"other").digest)
    with pytest.raises(InvalidImage, match="another digest than the image"):
        push(clients.make(), sample_image(b"one"), reference)


def test_by_digest_alone(registry: FakeRegistry, clients: Clients) -> None:
    image = sample_image(b"one")
    reference = Reference(clients.reference("model").repository, digest=image.digest)
    push(clients.make(), image, reference)
    assert registry.repositories["model"].tags == {}
    assert pull(clients.make(), reference).digest == image.digest


def test_deleting(registry: FakeRegistry, clients: Clients) -> None:
    client, reference, image = clients.make(), clients.reference("model:1"), sample_image(b"one")
    push(client, image, reference)
    client.delete_manifest(reference.repository, image.digest)
    client.delete_blob(reference.repository, image.config_blob.digest)
    assert client.find_manifest(reference.repository, "1") is None
    assert client.tags(reference.repository) == []
    assert str(image.config_blob.digest) not in registry.repositories["model"].blobs

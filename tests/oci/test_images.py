"""Images are values: a change returns a new image, and unchanged parts keep their bytes and digest."""

from __future__ import annotations

import json

import pytest

from iris_model.errors import InvalidImage
from iris_model.oci import DOCKER, OCI, Config, Image, Index, Manifest, Platform, build_layer, file_entry
from iris_model.oci.images import image_layers
from tests.oci.samples import sample_image


def test_the_manifest_names_what_is_there() -> None:
    image = sample_image(b"one", b"two")
    document = json.loads(image.manifest.data)
    assert document["schemaVersion"] == 2
    assert document["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert document["config"] == {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "digest": str(image.config_blob.digest),
        "size": len(image.config.data),
    }
    assert [layer["digest"] for layer in document["layers"]] == [str(layer.digest) for layer in image.layers]
    config = json.loads(image.config.data)
    assert config["rootfs"] == {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in image.layers]}
    assert [step["created_by"] for step in config["history"]] == ["COPY file0.py", "COPY file1.py"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")


def test_the_same_input_is_the_same_image() -> None:
    assert sample_image(b"one").digest == sample_image(b"one").digest
    assert sample_image(b"one").digest != sample_image(b"two").digest


def test_appending_leaves_the_base_alone() -> None:
    base = sample_image()
    more = base.append_layer(build_layer([file_entry("x", b"")]))
    assert len(base.layers) == 1
    assert more.layers[:1] == base.layers
    assert more.digest != base.digest


def test_families_change_words_and_not_bytes() -> None:
    docker = sample_image(b"one")
    oci = docker.with_family(OCI)
    assert {layer.descriptor.media_type for layer in oci.layers} == {"application/vnd.oci.image.layer.v1.tar+gzip"}
    assert oci.manifest.config.media_type == "application/vnd.oci.image.config.v1+json"
    assert [layer.blob.digest for layer in oci.layers] == [layer.blob.digest for layer in docker.layers]
    assert oci.config == docker.config
    assert oci.digest != docker.digest
    assert oci.with_family(DOCKER).digest == docker.digest


def test_an_untouched_image_keeps_its_manifest_to_the_byte() -> None:
    image = sample_image(b"one")
    spaced = json.dumps(json.loads(image.manifest.data), indent=3).encode()
    found = Image.of_manifest(Manifest.parse(spaced, "test"), image.config, image.layers)
    assert found.manifest.data == spaced
    assert found.append_layer(build_layer([file_entry("x", b"")])).manifest.data != spaced
    assert found.with_family(OCI).manifest.media_type == OCI.manifest


def test_an_untouched_config_keeps_unknown_fields() -> None:
    data = b'{ "os":"linux", "architecture":"arm64", "variant":"v8", "x-strange": [1], "rootfs": {"diff_ids": []} }'
    config = Config(data)
    assert config.data == data
    assert config.platform == Platform("linux", "arm64", "v8")
    changed = config.with_run(entrypoint=["/run"], labels={"b": "2", "a": "1"})
    assert changed.document["x-strange"] == [1]
    assert (changed.entrypoint, changed.cmd, changed.labels) == (("/run",), (), {"a": "1", "b": "2"})


def test_a_config_of_other_layers_is_refused() -> None:
    with pytest.raises(InvalidImage, match="differ from those"):
        sample_image(b"one").with_config(sample_image(b"two").config)


def test_zstd_has_no_word_in_dockers_format() -> None:
    from dataclasses import replace

    layer = build_layer([file_entry("x", b"")], family=OCI)
    zstd = replace(
        layer, descriptor=replace(layer.descriptor, media_type="application/vnd.oci.image.layer.v1.tar+zstd")
    )
    with pytest.raises(InvalidImage, match="compressed with zstd"):
        Image.empty(Platform()).append_layer(zstd)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "expected a JSON object"),
        (b'{"schemaVersion": 1, "fsLayers": []}', "old format"),
        (b'{"schemaVersion": 2}', "not an image manifest and not an index"),
        (b'{"schemaVersion": 2, "config": {}, "layers": []}', "needs the strings mediaType and digest"),
        (b'{"config": {"mediaType": "x", "digest": "sha256:1", "size": 1}, "layers": []}', "64 hexadecimal"),
        (b'{"config": {"mediaType": "x", "digest": "sha256:%s", "size": "1"}, "layers": []}' % (b"a" * 64), "size"),
        (b'{"config": {"mediaType": "x", "digest": "sha256:%s", "size": -1}, "layers": []}' % (b"a" * 64), "size"),
        (b'{"config": {"mediaType": "x", "digest": "sha256:%s", "size": 1}, "layers": {}}' % (b"a" * 64), "JSON array"),
        (
            b'{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}',
            "expected application/vnd.docker",
        ),
    ],
)
def test_invalid_manifests_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidImage, match=why):
        Manifest.parse(data, "registry.example/model:1")


def test_an_index_needs_no_media_type_of_its_own() -> None:
    assert Index.parse(b'{"schemaVersion": 2, "manifests": []}', "test").media_type == OCI.index


def test_layers_and_diff_ids_must_be_as_many() -> None:
    image = sample_image(b"one", b"two")
    with pytest.raises(InvalidImage, match="2 layers and the config 1 diff_ids"):
        image_layers(image.manifest, sample_image(b"one").config, "test")

"""The findings of a strict unpacker, on layers that other tools write."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from iris_model.oci import DOCKER, OCI, Image, MediaTypes, Platform, StrictLimits, validate
from tests.oci.samples import layer_of, sample_image, tar_bytes


def member(name: str, kind: bytes = tarfile.REGTYPE, *, mode: int = 0o644, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = kind, mode, link
    return info


def image_of(tar: bytes, *, packed: bool = True, family: MediaTypes = DOCKER) -> Image:
    return Image.empty(Platform(), family).append_layer(layer_of(tar, gzip.compress(tar) if packed else None, family))


def codes(image: Image, **options) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in validate(image, **options)]


def filled(*members: tarfile.TarInfo) -> Callable[[tarfile.TarFile], None]:
    return lambda archive: [archive.addfile(each) for each in members] and None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([member("app.py")], []),
        ([member("./", tarfile.DIRTYPE, mode=0o755), member("./app.py")], []),
        ([member("var", tarfile.DIRTYPE, mode=0o755), member("var/app.py")], []),
        ([member("var/app.py")], [("refused", "missing-parent")]),
        ([member("var/app.py"), member("var", tarfile.DIRTYPE, mode=0o755)], [("refused", "missing-parent")]),
        ([member("a"), member("b", tarfile.LNKTYPE, link="a")], [("risk", "hard-link")]),
        ([member("null", tarfile.CHRTYPE)], [("risk", "device")]),
        ([member("pipe", tarfile.FIFOTYPE)], [("risk", "pipe")]),
        ([member("../evil")], [("refused", "missing-parent"), ("refused", "outside")]),
        ([member("secret", mode=0o600)], [("note", "closed")]),
        ([member("dir", tarfile.DIRTYPE, mode=0o700)], [("note", "closed")]),
    ],
)
def test_entries(members: list[tarfile.TarInfo], expected: list[tuple[str, str]]) -> None:
    assert codes(image_of(tar_bytes(filled(*members)))) == expected


def test_a_parent_in_a_lower_layer_is_a_risk() -> None:
    lower = sample_image(b"one")
    tar = tar_bytes(filled(member("var/task/more.py")))
    assert codes(lower.append_layer(layer_of(tar, gzip.compress(tar)))) == [("risk", "parent-below")]


def test_layers_that_are_not_compressed() -> None:
    tar = tar_bytes(filled(member("app.py")))
    assert codes(image_of(tar, packed=False)) == [("refused", "uncompressed")]
    assert codes(image_of(tar, packed=False, family=OCI)) == [("risk", "uncompressed")]


def test_a_wrong_media_type() -> None:
    tar = tar_bytes(filled(member("app.py")))
    assert codes(Image.empty(Platform()).append_layer(layer_of(tar, tar))) == [
        ("refused", "layer-type"),
        ("refused", "uncompressed"),
    ]


def test_limits() -> None:
    image = sample_image(b"x" * 5000)
    assert codes(image) == []
    assert codes(image, limits=StrictLimits(uncompressed=5000, manifest=100)) == [
        ("refused", "manifest-size"),
        ("refused", "image-size"),
    ]


def test_windows_images() -> None:
    assert ("refused", "platform") in codes(sample_image(platform=Platform("windows", "amd64")))


@pytest.mark.parametrize("cut", [3, 30, 100])
def test_a_layer_that_ends_too_soon(cut: int) -> None:
    image = sample_image(b"one" * 1000)
    layer = image.layers[0]
    short = layer_of(b"", layer.blob.open().read()[:cut])
    broken = replace(image, layers=(replace(layer, blob=short.blob),))
    assert {("damage", "digest"), ("damage", "size")} <= set(codes(broken))


def test_a_wrong_diff_id() -> None:
    image = sample_image(b"one")
    other = sample_image(b"two").layers[0]
    lying = replace(image, layers=(replace(image.layers[0], descriptor=other.descriptor, blob=other.blob),))
    assert codes(lying) == [("damage", "diff-id")]


def test_zstd_that_this_python_cannot_read_is_no_damage() -> None:
    layer = layer_of(b"", b"\x28\xb5\x2f\xfd and what follows", OCI)
    zstd = replace(layer.descriptor, media_type=OCI.layer_zstd)
    image = Image.empty(Platform(), OCI).append_layer(replace(layer, descriptor=zstd))
    assert codes(image) == [("risk", "unchecked"), ("risk", "zstd")]


def test_a_tar_that_breaks_off() -> None:
    tar = tar_bytes(lambda archive: archive.addfile(_sized("big", 9000), io.BytesIO(b"x" * 9000)))[:5000]
    assert codes(image_of(tar)) == [("damage", "unreadable")]


def _sized(name: str, size: int) -> tarfile.TarInfo:
    info = member(name)
    info.size = size
    return info

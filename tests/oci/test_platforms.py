"""Platforms as people write them, and which image of an index runs where."""

from __future__ import annotations

import pytest

from iris_model.errors import InvalidReference, PlatformNotFound
from iris_model.oci import Descriptor, Digest, Index, Platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("x86_64", Platform("linux", "amd64")),
        ("linux/aarch64", Platform("linux", "arm64")),
        ("arm64", Platform("linux", "arm64")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("armv7l", Platform("linux", "arm", "v7")),
        ("Linux/ARM64/v8", Platform("linux", "arm64", "v8")),
    ],
)
def test_platform_names(text: str, platform: Platform) -> None:
    assert Platform.parse(text) == platform


@pytest.mark.parametrize("text", ["", "linux/", "a/b/c/d", "linux amd64"])
def test_wrong_platform_names(text: str) -> None:
    with pytest.raises(InvalidReference, match="expected os/architecture"):
        Platform.parse(text)


def index_of(*platforms: str, attestations: int = 0) -> Index:
    manifests = [
        Descriptor("application/vnd.oci.image.manifest.v1+json", Digest.of(text.encode()), 9, Platform.parse(text))
        for text in platforms
    ]
    manifests += [
        Descriptor(
            "application/vnd.oci.image.manifest.v1+json",
            Digest.of(b"statement %d" % number),
            9,
            Platform("unknown", "unknown"),
            {"vnd.docker.reference.type": "attestation-manifest"},
        )
        for number in range(attestations)
    ]
    return Index("application/vnd.oci.image.index.v1+json", tuple(manifests))


@pytest.mark.parametrize(
    ("asked", "offered", "chosen"),
    [
        ("arm64", ["amd64", "linux/arm64/v8"], "linux/arm64/v8"),
        ("linux/arm64/v8", ["amd64", "arm64"], "linux/arm64"),
        ("amd64", ["linux/amd64/v3", "amd64"], "linux/amd64"),
        ("linux/amd64/v3", ["amd64", "linux/amd64/v2"], "linux/amd64/v2"),
        ("linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/s390x", ["amd64", "linux/s390x"], "linux/s390x"),
        ("windows/amd64", ["amd64", "windows/amd64"], "windows/amd64"),
    ],
)
def test_the_image_that_runs_best_is_chosen(asked: str, offered: list[str], chosen: str) -> None:
    found = index_of(*offered, attestations=1).select(Platform.parse(asked), "base:1")
    assert str(found.platform) == chosen


@pytest.mark.parametrize(
    ("asked", "offered"),
    [("arm64", ["amd64"]), ("amd64", ["linux/amd64/v3"]), ("linux/arm/v6", ["linux/arm/v7"]), ("amd64", [])],
)
def test_no_image_for_the_platform(asked: str, offered: list[str]) -> None:
    with pytest.raises(PlatformNotFound) as caught:
        index_of(*offered, attestations=2).select(Platform.parse(asked), "base:1")
    assert f"base:1: no image for {Platform.parse(asked)}" in caught.value.problem
    assert "unknown" not in caught.value.problem
    assert all(text in caught.value.problem for text in offered)

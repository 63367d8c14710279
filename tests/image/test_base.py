"""Bases: from disk and from a registry, pinned and cached; what is read from them, and the errors of bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iris_model.errors import ImageError, InvalidReference, PlatformNotFound, RegistryError, StorageError
from iris_model.image.bases.base import Base, open_base
from iris_model.image.bases.base_files import BaseFacts, read_base_files
from iris_model.image.bases.cache import Cache
from iris_model.image.lock import Lock
from iris_model.oci import (
    BytesBlob,
    Image,
    Platform,
    Reference,
    build_layer,
    file_entry,
    link_entry,
    write_archive,
    write_layout,
)
from iris_model.oci.registry import RegistryClient, anonymous, push
from tests.support.base_images import base_image
from tests.support.registry_fake import FakeRegistry, running


def facts(image: Image, architecture: str = "x86_64") -> BaseFacts:
    return read_base_files(image, "the base", architecture)


def connect(registry: str) -> RegistryClient:
    return RegistryClient(registry, credentials=anonymous)


def opened(text: str, directory: Path, cache: Cache, architecture: str = "x86_64") -> tuple[Base, Lock]:
    lock = Lock.read(directory)
    return open_base(text, architecture, project=directory, lock=lock, cache=cache, connect=connect), lock


@pytest.mark.parametrize(
    ("at", "path", "on_path"),
    [
        ("var/lang/bin", "/var/lang/bin:/usr/bin", True),
        ("usr/bin", "/usr/local/bin:/usr/bin", True),
        ("usr/local/bin", "", False),
        ("opt/python/bin", "/usr/bin", False),
    ],
)
def test_python_is_found_where_bases_have_it(at: str, path: str, on_path: bool) -> None:
    found = facts(base_image("3.12", at=at, path=path))
    assert (found.python, found.python_path, found.python_on_path) == ("3.12", f"/{at}/python3.12", on_path)
    assert BaseFacts.from_document(json.loads(json.dumps(found.to_document()))) == found


def test_python_behind_links_of_directories() -> None:
    """As Debian has /bin, and as the stand-in for AWS's base has /var/lang/bin."""
    more = [link_entry("bin", "usr/bin"), link_entry("var/lang", "../opt/lang"), link_entry("opt/lang/bin", "/bin")]
    assert facts(base_image("3.13", path="/var/lang/bin", more=more)).python_path == "/usr/bin/python3.13"


def test_links_in_a_circle_are_no_python() -> None:
    more = [link_entry("usr/bin/python3", "python"), link_entry("usr/bin/python", "python3")]
    with pytest.raises(ImageError, match="no Python 3 was found"):
        facts(base_image("", more=more))


def test_files_removed_by_a_later_layer_are_absent() -> None:
    image = base_image("3.11", libraries={"libgomp.so.1": b"\x7fELF"[:3]})
    assert facts(image).python == "3.11"
    # LayerEntry refuses whiteouts, which we never write; so the layer is made of what Docker writes.
    import io
    import tarfile

    from iris_model.oci import DOCKER, BytesBlob, Descriptor, Layer

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("usr/bin/.wh.python3.11"))
    blob = BytesBlob.of(buffer.getvalue())
    layer = Layer(Descriptor(DOCKER.layer, blob.digest, blob.size), blob.digest, blob)
    with pytest.raises(ImageError, match="no Python 3"):
        facts(image.append_layer(layer))


def test_a_base_without_a_c_library() -> None:
    with pytest.raises(ImageError, match="no glibc or musl"):
        facts(base_image(with_libc=False))


def test_a_python_for_another_processor_than_the_config_says() -> None:
    with pytest.raises(ImageError, match=r"program for x86_64, expected arm64.*\n.*--arch"):
        facts(base_image(), "arm64")


def test_system_packages_of_debian() -> None:
    status = "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n\nPackage: bash\nVersion: 5.2\n"
    found = facts(base_image(more=[file_entry("var/lib/dpkg/status", status.encode())]))
    assert [(each.kind, each.name, each.version) for each in found.packages] == [
        ("deb", "libc6", "2.36-9"),
        ("deb", "bash", "5.2"),
    ]


def test_from_a_layout_and_from_an_archive_it_is_the_same_base(tmp_path: Path, cache: Cache) -> None:
    image = base_image()
    write_layout(image, tmp_path / "layout")
    write_archive(image, tmp_path / "base.tar", names=(Reference.parse("base:1"),))
    one, _ = opened(str(tmp_path / "layout"), tmp_path, cache)
    other, _ = opened("base.tar", tmp_path, cache)  # relative to the project
    assert one.image.digest == other.image.digest == image.digest  # a layout has it in OCI's words
    assert one.facts == other.facts


def test_a_registry_is_asked_once_and_layers_are_fetched_when_opened(tmp_path: Path, cache: Cache) -> None:
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/team/base:1"
        image = base_image()
        push(connect(registry.host), image, Reference.parse(text))
        registry.requests.clear()
        base, lock = opened(text, tmp_path, cache)
        assert base.image.digest == image.digest
        layer = str(image.layers[0].digest)
        assert not registry.asked("GET", layer)
        assert base.facts.python == "3.11"
        assert len(registry.asked("GET", layer)) == 1
        lock.save()
        registry.requests.clear()
        again, _ = opened(text, tmp_path, cache)
        assert again.facts == base.facts
        with again.image.layers[0].blob.open() as stream:
            assert stream.read(2) == b"\x1f\x8b"
        assert registry.requests == []
    assert "http" not in (tmp_path / "iris-model.lock").read_text()


def test_a_pinned_base_downloads_only_layers_that_are_opened(tmp_path: Path, cache: Cache) -> None:
    connected: list[str] = []

    def connect_once(registry: str) -> RegistryClient:
        connected.append(registry)
        return connect(registry)

    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/team/base:1"
        layers = [build_layer([file_entry(name, name.encode())]) for name in ("one", "two")]
        image = base_image().append_layer(layers[0]).append_layer(layers[1])
        push(connect(registry.host), image, Reference.parse(text))
        _, lock = opened(text, tmp_path, cache)
        registry.requests.clear()
        base = open_base(text, "x86_64", project=tmp_path, lock=lock, cache=cache, connect=connect_once)
        assert connected == registry.requests == []
        assert not base.is_here
        for layer in base.image.layers:
            assert BytesBlob.of(layer.blob.open().read()).digest == layer.digest
        assert base.is_here
        assert connected == [registry.host], "one client for all layers"


def test_a_tag_that_moves_does_not_move_a_pinned_base(tmp_path: Path, cache: Cache) -> None:
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/team/base:1"
        push(connect(registry.host), base_image("3.11"), Reference.parse(text))
        first, lock = opened(text, tmp_path, cache)
        lock.save()
        push(connect(registry.host), base_image("3.12"), Reference.parse(text))
        empty = Cache(tmp_path / "another cache")
        pinned, lock = opened(text, tmp_path, empty)
        assert pinned.image.digest == first.image.digest
        lock.forget()
        moved = open_base(text, "x86_64", project=tmp_path, lock=lock, cache=empty, connect=connect)
        assert moved.facts.python == "3.12"


@pytest.mark.parametrize(
    ("environment", "name", "python"),
    [
        ({"PYTHON_VERSION": "3.12.4"}, "library/python:slim", "3.12"),
        ({"PATH": "/var/lang/bin:/usr/bin"}, "lambda/python:3.13", "3.13"),
        ({"PATH": "/var/lang/bin:/usr/bin"}, "lambda/python:3.13-arm64", "3.13"),
    ],
)
def test_known_bases_say_their_python_without_being_downloaded(
    tmp_path: Path, cache: Cache, environment: dict[str, str], name: str, python: str
) -> None:
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/{name}"
        image = base_image("3.9", environment=environment)  # its files would say otherwise
        push(connect(registry.host), image, Reference.parse(text))
        registry.requests.clear()
        base, _ = opened(text, tmp_path, cache)
        assert (base.python, base.program) == (python, "python3")
        assert not registry.asked("GET", str(image.layers[0].digest))


def test_a_damaged_blob_in_the_cache_is_fetched_again(tmp_path: Path, cache: Cache) -> None:
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/team/base:1"
        image = base_image()
        push(connect(registry.host), image, Reference.parse(text))
        _, lock = opened(text, tmp_path, cache)
        lock.save()
        path = cache.blobs.path_of(image.digest)
        path.write_bytes(b"x" * path.stat().st_size)
        again, _ = opened(text, tmp_path, cache)
        assert again.image.digest == image.digest


def test_bad_bases(tmp_path: Path, cache: Cache) -> None:
    write_layout(base_image(platform=Platform("linux", "arm64")), tmp_path / "arm")
    with pytest.raises(PlatformNotFound, match=r"for linux/arm64, expected linux/amd64.*\n.*--arch"):
        opened("arm", tmp_path, cache)
    write_layout(base_image(platform=Platform("linux", "amd64", "v3")), tmp_path / "later")
    with pytest.raises(
        PlatformNotFound, match=r"for linux/amd64/v3, expected linux/amd64\nChoose a base image for linux/amd64\.$"
    ):
        opened("later", tmp_path, cache)
    with pytest.raises(ImageError, match="no such file"):
        opened("./nowhere", tmp_path, cache)
    with pytest.raises(InvalidReference, match="capitals"):
        opened("Team/Base:1", tmp_path, cache)
    with running(FakeRegistry()) as registry, pytest.raises(RegistryError, match="nobody/knows"):
        opened(f"{registry.host}/nobody/knows:1", tmp_path, cache)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot be written.*\n.*IRIS_MODEL_CACHE"):
        Cache(tmp_path / "file" / "cache").check_writable()


def test_an_invalid_lock_file_is_refused(tmp_path: Path) -> None:
    for text in ("[]", "{}", '{"format": "iris-model-lock/9"}', "not json"):
        (tmp_path / "iris-model.lock").write_text(text)
        with pytest.raises(ImageError, match="is not a valid lock file"):
            Lock.read(tmp_path)

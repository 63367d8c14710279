"""Layouts and archives: written whole or not at all, read back the same, and damage found."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from iris_model.errors import InvalidImage, PlatformNotFound, StorageError
from iris_model.oci import (
    OCI,
    Index,
    Platform,
    Reference,
    read_archive,
    read_image,
    read_layout,
    validate,
    write_archive,
    write_layout,
)
from tests.oci.samples import sample_image


def test_a_layout_is_read_back(tmp_path: Path) -> None:
    image = sample_image(b"one", b"two", family=OCI)
    write_layout(image, tmp_path / "layout", name="v1")
    assert json.loads((tmp_path / "layout" / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    found = read_layout(tmp_path / "layout")
    assert found.digest == image.digest
    assert found == image
    assert validate(found) == []


def test_a_layout_holds_several_images(tmp_path: Path) -> None:
    one, two, three = (sample_image(content, family=OCI) for content in (b"one", b"two", b"three"))
    for image, name in ((one, "a"), (two, "b"), (three, "a")):
        write_layout(image, tmp_path / "layout", name=name)
    assert read_layout(tmp_path / "layout", name="a").digest == three.digest
    assert read_layout(tmp_path / "layout", name="b").digest == two.digest
    with pytest.raises(InvalidImage, match=r"several images \(a, b\)"):
        read_layout(tmp_path / "layout")
    with pytest.raises(InvalidImage, match="no image called 'c'; there are a, b"):
        read_layout(tmp_path / "layout", name="c")


def test_an_index_in_a_layout_is_resolved(tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    images = {text: sample_image(b"one", platform=Platform.parse(text), family=OCI) for text in ("amd64", "arm64")}
    entries = [write_layout(image, layout, name=name) for name, image in images.items()]
    index = Index.build(tuple(entries))
    (layout / "blobs" / "sha256" / index.descriptor.digest.hex).write_bytes(index.data)
    (layout / "index.json").write_bytes(Index.build((index.descriptor,)).data)
    assert read_layout(layout, platform=Platform.parse("arm64")).digest == images["arm64"].digest
    with pytest.raises(PlatformNotFound, match="only for linux/amd64, linux/arm64"):
        read_layout(layout, platform=Platform.parse("linux/riscv64"))


def test_archives_are_the_same_bytes_and_read_back(tmp_path: Path) -> None:
    image = sample_image(b"one", b"two")
    names = [Reference.parse("model:1"), Reference.parse("host.example/team/model:2")]
    for file in ("a.tar", "b.tar"):
        write_archive(image, tmp_path / file, names=names)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as archive:
        entry = json.load(archive.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
    assert entry["RepoTags"] == ["model:1", "host.example/team/model:2"]
    for name in ("", "1", "docker.io/library/model:1", "host.example/team/model:2"):
        found = read_image(tmp_path / "a.tar", name=name)
        assert found.digest == image.digest
    assert validate(found) == []


def old_docker_archive(path: Path, layers: list[bytes], config: bytes) -> None:
    """As `docker save` wrote until 24: a directory per layer, plain tar files, and links where a layer comes again."""
    with tarfile.open(path, "w") as archive:
        for number, data in enumerate(layers):
            member = tarfile.TarInfo(f"{number}/layer.tar")
            if data in layers[:number]:
                member.type, member.linkname = tarfile.SYMTYPE, f"../{layers.index(data)}/layer.tar"
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        names = [f"{number}/layer.tar" for number in range(len(layers))]
        manifest = json.dumps([{"Config": "config.json", "RepoTags": ["model:1"], "Layers": names}]).encode()
        for name, data in (("config.json", config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_old_docker_archives_are_read_and_compressed(tmp_path: Path) -> None:
    base = sample_image(b"one")
    image = base.append_layer(base.layers[0])
    with image.layers[0].open_tar() as tar:
        data = tar.read()
    old_docker_archive(tmp_path / "old.tar", [data, data], image.config.data)
    found = read_archive(tmp_path / "old.tar")
    assert [finding.code for finding in validate(found)] == ["uncompressed", "uncompressed"]
    pressed = found.with_gzip_layers()
    assert validate(pressed) == []
    assert pressed.digest == image.digest


@pytest.mark.parametrize(
    ("fill", "why"),
    [
        (lambda path: path.write_bytes(b"not a tar at all" * 100), "not a tar file"),
        (lambda path: path.write_bytes(b"\x1f\x8b\x08rest"), "gunzip"),
        (lambda path: path.mkdir(), "not an image"),
        (lambda path: tarfile.open(path, "w").close(), "not an image"),
    ],
)
def test_paths_that_are_no_image(tmp_path: Path, fill, why: str) -> None:
    fill(tmp_path / "thing")
    with pytest.raises(InvalidImage, match=why):
        read_image(tmp_path / "thing")


def test_no_path(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such file or directory"):
        read_image(tmp_path / "gone")


def test_damage_in_a_layout_is_found(tmp_path: Path) -> None:
    image = sample_image(b"one", b"two")
    write_layout(image, tmp_path / "layout")
    blobs = tmp_path / "layout" / "blobs" / "sha256"
    layer = blobs / image.layers[0].digest.hex
    layer.write_bytes(layer.read_bytes()[:-9])
    (blobs / image.layers[1].digest.hex).write_bytes(image.layers[0].blob.open().read())
    codes = {(finding.severity, finding.code) for finding in validate(read_layout(tmp_path / "layout"))}
    assert codes == {("damage", "unreadable"), ("damage", "size"), ("damage", "digest")}
    with pytest.raises(InvalidImage, match=r"bytes$|the digest is"):
        write_archive(read_layout(tmp_path / "layout"), tmp_path / "copy.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["layout"]
    (blobs / image.config_blob.digest.hex).write_bytes(b"{}")
    with pytest.raises(InvalidImage, match="does not match the digest"):
        read_layout(tmp_path / "layout")
    (blobs / image.layers[0].digest.hex).unlink()
    with pytest.raises(InvalidImage):
        read_layout(tmp_path / "layout")


def test_only_oci_layouts_are_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StorageError, match="not an OCI layout"):
        write_layout(sample_image(), tmp_path)
    with pytest.raises(StorageError, match="not an OCI layout"):
        write_layout(sample_image(), tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_full_disk_is_reported_and_leaves_the_old_file() -> None:
    with pytest.raises(StorageError) as caught:
        write_archive(sample_image(), Path("/proc/model.tar"))
    assert "/proc/model.tar: cannot be written" in caught.value.problem
    assert caught.value.remedy


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    link = tmp_path / "image.tar"
    link.symlink_to("large disk/image.tar")
    for _ in range(2):
        write_archive(sample_image(b"one", family=OCI), link, names=(Reference.parse("one:1"),))
        assert link.is_symlink()
        assert read_archive(tmp_path / "large disk" / "image.tar").digest == sample_image(b"one", family=OCI).digest


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    """As root, `-o archive /dev/stdout` took the place of that device, for all programs of the machine."""
    pipe, link = tmp_path / "pipe", tmp_path / "stdout"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(StorageError, match="it is a device or a pipe"):
            write_archive(sample_image(b"one", family=OCI), path, names=(Reference.parse("one:1"),))
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_many_write_into_one_layout_at_once(tmp_path: Path) -> None:
    """As parallel jobs of a CI may do it; no image is lost, whichever job makes the layout."""
    program = (
        "import sys, pathlib; from iris_model.oci import OCI, write_layout; from tests.oci.samples import sample_image\n"
        "image = sample_image(sys.argv[2].encode(), family=OCI); print('ready', flush=True); sys.stdin.read()\n"
        "[write_layout(image, pathlib.Path(sys.argv[1]), name=f'{sys.argv[2]}-{n}') for n in range(5)]"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "layout"), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    names = {f"{number}-{n}" for number in range(3) for n in range(5)}
    index = json.loads((tmp_path / "layout" / "index.json").read_bytes())
    assert {each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]} == names
    assert all(validate(read_layout(tmp_path / "layout", name=name)) == [] for name in names)

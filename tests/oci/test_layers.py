"""Layers: deterministic bytes, read back by tar programs that are not ours."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_model.errors import InvalidImage, StorageError
from iris_model.oci import (
    BlobStore,
    Digest,
    LayerEntry,
    build_layer,
    directory_entry,
    file_entry,
    link_entry,
    tree_entries,
)
from iris_model.oci.layers import Layer
from iris_model.oci.tars.gzips import GzipWriter

ENTRIES = [
    file_entry("var/task/app.py", b"handler\n"),
    file_entry("opt/run", b"#!/bin/sh\n", executable=True),
    link_entry("var/task/latest", "app.py"),
    directory_entry("tmp", mode=0o1777),
    file_entry("var/task/empty", b""),
]


def read_tar(layer: Layer) -> list[tarfile.TarInfo]:
    with layer.open_tar() as tar, tarfile.open(fileobj=io.BytesIO(tar.read())) as archive:
        return archive.getmembers()


def test_parents_come_first_and_modes_are_plain() -> None:
    members = read_tar(build_layer(ENTRIES))
    assert [(member.name, oct(member.mode), member.type) for member in members] == [
        ("opt", "0o755", tarfile.DIRTYPE),
        ("opt/run", "0o755", tarfile.REGTYPE),
        ("tmp", "0o1777", tarfile.DIRTYPE),
        ("var", "0o755", tarfile.DIRTYPE),
        ("var/task", "0o755", tarfile.DIRTYPE),
        ("var/task/app.py", "0o644", tarfile.REGTYPE),
        ("var/task/empty", "0o644", tarfile.REGTYPE),
        ("var/task/latest", "0o777", tarfile.SYMTYPE),
    ]
    assert {(member.uid, member.gid, member.uname, member.gname, member.mtime) for member in members} == {
        (0, 0, "", "", 315532800)
    }


def test_the_diff_id_never_changes() -> None:
    """The digest of a layer must not depend on the machine, the Python or the day. Change this only with a line in CHANGELOG."""
    assert (
        str(build_layer(ENTRIES).diff_id) == "sha256:432c90d48d9052f3bace99fc3842c080ba075a491c4a8dd41ba4e82a48125c65"
    )


def test_order_of_entries_is_no_matter() -> None:
    assert build_layer(ENTRIES) == build_layer(reversed(ENTRIES))
    assert build_layer(ENTRIES) != build_layer(ENTRIES[1:])


def test_stored_layers_have_one_digest_everywhere() -> None:
    """Level 0 is written without zlib, so this digest is a constant too."""
    layer = build_layer(ENTRIES, level=0)
    assert layer.diff_id == build_layer(ENTRIES).diff_id
    assert str(layer.digest) == "sha256:0819b7b04d8832be8387e1f3648c64558e05b510fbca0107ecfe5f34b87a58d3"


def test_in_a_store_and_in_memory_it_is_the_same(tmp_path: Path) -> None:
    stored = build_layer(ENTRIES, store=BlobStore(tmp_path))
    assert stored == build_layer(ENTRIES)
    assert (tmp_path / "blobs" / "sha256" / stored.digest.hex).stat().st_size == stored.size
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["sha256"]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=200_000), max_size=4), st.integers(0, 9))
def test_gzip_is_read_by_python_and_says_nothing_of_us(blocks: list[bytes], level: int) -> None:
    target = io.BytesIO()
    writer = GzipWriter(target, level)
    for block in blocks:
        writer.write(block)
    writer.finish()
    assert gzip.decompress(target.getvalue()) == b"".join(blocks)
    whole = io.BytesIO()
    other = GzipWriter(whole, level)
    other.write(b"".join(blocks))
    other.finish()
    assert whole.getvalue() == target.getvalue()
    assert target.getvalue()[:10] == b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"


part = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..") and not name.startswith(".wh.")
)
paths = st.lists(part, min_size=1, max_size=5).map("/".join)


@settings(deadline=None)
@given(st.dictionaries(paths, st.binary(max_size=2000), min_size=1, max_size=5))
def test_any_names_survive(contents: dict[str, bytes]) -> None:
    try:
        layer = build_layer(file_entry(path, data) for path, data in contents.items())
    except InvalidImage as refused:
        assert "not a directory" in refused.problem
        return
    with layer.open_tar() as tar, tarfile.open(fileobj=io.BytesIO(tar.read())) as archive:
        files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}  # type: ignore[union-attr]
        parents = {member.name for member in archive if member.isdir()}
    assert files == contents
    assert parents == {str(parent) for path in contents for parent in Path(path).parents if str(parent) != "."}


def test_gnu_tar_reads_long_names(tmp_path: Path) -> None:
    names = ["a/" * 30 + "x" * 95, "deep/" * 40 + "file", "n" * 101, "ü/" * 60 + "é", "d" * 99 + "/" + "f" * 100]
    links = [link_entry("link", "../" * 50 + "target"), link_entry("umlaut", "ü")]
    layer = build_layer([*(file_entry(name, name.encode()) for name in names), *links])
    archive = tmp_path / "layer.tar.gz"
    archive.write_bytes(layer.blob.open().read())
    listing = subprocess.run(
        ["tar", "-tzf", archive, "--quoting-style=literal"], capture_output=True, check=True, timeout=30
    )
    assert listing.stderr == b""
    assert set(names) <= set(listing.stdout.decode().splitlines())
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path / "out", "--no-same-owner"], check=True, timeout=30)
    assert [(tmp_path / "out" / name).read_text() for name in names] == names
    assert str((tmp_path / "out" / "link").readlink()) == "../" * 50 + "target"
    shutil.rmtree(tmp_path / "out")


def test_a_tree_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir(mode=0o700)
    (tmp_path / "package" / "run").write_text("go")
    (tmp_path / "package" / "run").chmod(0o500)
    (tmp_path / "package" / "data").write_bytes(b"1")
    (tmp_path / "package" / "data").chmod(0o600)
    os.link(tmp_path / "package" / "data", tmp_path / "package" / "same")
    (tmp_path / "now").symlink_to("./package/")
    members = {member.name: member for member in read_tar(build_layer(tree_entries(tmp_path, "opt/python")))}
    assert {name: oct(member.mode) for name, member in members.items()} == {
        "opt": "0o755",
        "opt/python": "0o755",
        "opt/python/now": "0o777",
        "opt/python/package": "0o755",
        "opt/python/package/data": "0o644",
        "opt/python/package/run": "0o755",
        "opt/python/package/same": "0o644",
    }
    assert members["opt/python/now"].linkname == "./package/"
    assert not any(member.islnk() for member in members.values())


def test_pipes_and_sockets_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidImage, match="it is a pipe, but layers contain"):
        list(tree_entries(tmp_path, "opt"))


@pytest.mark.parametrize("path", ["", "/abs", "a/../b", "a//b", "./a", "a/", "nul\0"])
def test_paths_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(InvalidImage, match="relative to the root"):
        file_entry(path, b"")


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([file_entry("a", b"1"), file_entry("a", b"2")], "appears twice"),
        ([file_entry("a", b"1"), file_entry("a/b", b"2")], "'a', which is not a directory"),
        ([link_entry("a", "b"), file_entry("a/b", b"2")], "not a directory"),
    ],
)
def test_entries_that_contradict_each_other(entries: list[LayerEntry], why: str) -> None:
    with pytest.raises(InvalidImage, match=why):
        build_layer(entries)


def test_a_name_that_deletes_is_refused() -> None:
    with pytest.raises(InvalidImage, match="would delete a file"):
        file_entry("var/.wh.task", b"")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        build_layer([file_entry("a", tmp_path / "gone")])


def test_digests_of_both_kinds_differ() -> None:
    layer = build_layer(ENTRIES)
    with layer.open_tar() as tar:
        assert Digest.of(tar.read()) == layer.diff_id
    assert Digest.of(layer.blob.open().read()) == layer.digest != layer.diff_id

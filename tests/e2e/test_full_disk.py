"""A disk that is really full, and a directory that really may not be written: one sentence, and the old image is still there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_model.errors import StorageError
from iris_model.oci import OCI, BlobStore, read_image, read_layout, validate, write_archive, write_layout
from tests.oci.samples import sample_image
from tests.support.requirement import Missing, require

pytestmark = pytest.mark.e2e


def _root() -> None:
    if os.geteuid() != 0:
        raise Missing("a small disk can be mounted by root only")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    require(_root)
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        require(lambda: _cannot(done.stderr))
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def _cannot(why: str) -> None:
    raise Missing(f"no small disk can be mounted: {why.strip()}")


def test_a_full_disk(small_disk: Path) -> None:
    old, new = sample_image(b"old", family=OCI), sample_image(os.urandom(400_000), family=OCI)
    write_archive(old, small_disk / "image.tar")
    write_layout(old, small_disk / "layout", name="1")
    for write in (
        lambda: write_archive(new, small_disk / "image.tar"),
        lambda: write_layout(new, small_disk / "layout", name="1"),
        lambda: write_layout(new, small_disk / "another"),
        lambda: BlobStore(small_disk).add(new.layers[0].blob),
    ):
        with pytest.raises(StorageError, match="cannot be written: No space left on device") as caught:
            write()
        assert "Free some space" in caught.value.remedy
    assert read_image(small_disk / "image.tar").digest == old.digest
    assert validate(read_layout(small_disk / "layout")) == []
    assert read_layout(small_disk / "layout").digest == old.digest
    assert not (small_disk / "another").exists()


NOBODY = """
import os, sys
from pathlib import Path
from iris_model.errors import StorageError
from iris_model.oci import read_image, write_archive, write_layout
from tests.oci.samples import sample_image
os.setgid(65534); os.setuid(65534)
target = Path(sys.argv[1])
for act in (
    lambda: write_archive(sample_image(), target / "a.tar"),
    lambda: write_layout(sample_image(), target / "layout"),
    lambda: read_image(target / "secret.tar"),
):
    try:
        act()
    except StorageError as failure:
        print(failure.problem.partition(": ")[2], "|", failure.remedy)
"""


def test_a_directory_of_somebody_else(tmp_path: Path) -> None:
    require(_root)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    write_archive(sample_image(), tmp_path / "secret.tar")
    (tmp_path / "secret.tar").chmod(0o600)
    done = subprocess.run([sys.executable, "-c", NOBODY, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (
        lines[:2]
        == ["cannot be written: Permission denied | Choose a directory that you may write to, or mend its permissions."]
        * 2
    )
    assert lines[2].startswith("cannot be read: Permission denied")

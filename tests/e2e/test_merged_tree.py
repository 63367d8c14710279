"""Odd layers, merged by us and by umoci: the files must be the same."""

from __future__ import annotations

import random
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from iris_model.image.bases.merged_tree import MergedTree
from iris_model.oci import Image, Layer, Platform, write_layout
from tests.support.docker_registry import program
from tests.support.odd_layers import Member, tar_layer

pytestmark = pytest.mark.e2e

FOLDERS = ["usr/lib64", "lib64", "var/task", "opt"]
NAMES = ["a", "b", "inner/c"]


def draw_layer(draw: random.Random, number: int) -> Layer:
    """What image builders write, and what only an attacker would: through links, over directories, hidden."""
    members: list[Member] = []
    for _ in range(draw.randrange(1, 5)):
        path = f"{draw.choice(FOLDERS)}/{draw.choice(NAMES)}"
        folder, _, name = path.rpartition("/")
        members.append(
            draw.choice(
                [
                    Member(path, "file", f"{number} {path}".encode()),
                    Member(path, "file", b"again"),
                    Member(f"{folder}/", "directory"),
                    Member(path, "symlink", target=draw.choice(["../opt", "b", "/usr/lib64"])),
                    Member(f"{folder}/.wh.{name}"),
                    Member(f"{folder}/.wh..wh..opq"),
                ]
            )
        )
    return tar_layer(members)


def what_we_find(image: Image) -> dict[str, str]:
    tree: MergedTree[str] = MergedTree()

    def read(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> str:
        if member.issym():
            return f"-> {member.linkname}"
        stream = archive.extractfile(member) if member.isfile() else None
        return stream.read().decode() if stream else ""

    for layer in image.layers:
        tree.lay(layer, read)
    return {path: content for path, content in tree.files.items() if content}


def what_lies_in(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISDIR(mode):
            name = str(path.relative_to(root))
            found[name] = f"-> {path.readlink()}" if stat.S_ISLNK(mode) else path.read_text()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_umoci_unpacks_the_same(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    first = tar_layer(
        [
            Member("usr/lib64/", "directory"),
            Member("usr/lib64/a", "file", b"below"),
            Member("lib64", "symlink", target="usr/lib64"),
            Member("var/task/inner/c", "file", b"below"),
        ]
    )
    image = Image.empty(Platform()).append_layer(first)
    for number in range(4):
        image = image.append_layer(draw_layer(draw, number))
    write_layout(image, tmp_path / "layout", name="odd")
    command = [
        program("umoci"),
        "unpack",
        "--rootless",
        "--image",
        f"{tmp_path / 'layout'}:odd",
        str(tmp_path / "bundle"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert what_we_find(image) == what_lies_in(tmp_path / "bundle" / "rootfs")

"""Bases whose layers reach through links and hide what is below; `tests/e2e/test_merged_tree.py` compares with umoci."""

from __future__ import annotations

from iris_model.image.bases.base_files import read_base_files
from iris_model.image.examine import compare
from iris_model.oci import Image
from tests.support.base_images import base_image
from tests.support.odd_layers import Member, tar_layer

LINK = tar_layer([Member("lib64", "symlink", target="usr/lib64")])
ANOTHER_NAME = Member("lib64/libgomp.so.1", "hard link", target="lib64/libc.so.6")


def libraries(image: Image) -> set[str]:
    return set(read_base_files(image, "the base", "x86_64").libraries)


def test_a_library_that_was_installed_through_a_link() -> None:
    """As packages of a distribution lie in layers on a base whose /lib64 is a link to /usr/lib64."""
    image = base_image().append_layer(LINK).append_layer(tar_layer([ANOTHER_NAME]))
    assert libraries(image) == {"libc.so.6", "libgomp.so.1"}


def test_a_library_that_was_removed_through_a_link() -> None:
    image = base_image().append_layer(LINK).append_layer(tar_layer([ANOTHER_NAME]))
    assert libraries(image.append_layer(tar_layer([Member("lib64/.wh.libgomp.so.1")]))) == {"libc.so.6"}


def test_a_whiteout_hides_lower_layers_only() -> None:
    upper = [
        Member("usr/lib64/libnew.so.1", "hard link", target="usr/lib64/libc.so.6"),
        Member("usr/lib64/.wh..wh..opq"),
    ]
    renewed = base_image().append_layer(tar_layer([*upper, Member("usr/bin/.wh.python3.11")]))
    found = compare(base_image(), renewed)
    assert set(found.removed) == {"usr/lib64/libc.so.6", "usr/bin/python3.11"}
    assert set(found.added) == {"usr/lib64/libnew.so.1"}

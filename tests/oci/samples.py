"""Small images, made for each test."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

from iris_model.oci import (
    DOCKER,
    BytesBlob,
    Descriptor,
    Digest,
    Image,
    Layer,
    MediaTypes,
    Platform,
    build_layer,
    file_entry,
    link_entry,
)


def sample_image(*contents: bytes, family: MediaTypes = DOCKER, platform: Platform | None = None) -> Image:
    """An image with one layer per content, and a config that runs something."""
    image = Image.empty(platform or Platform(), family)
    for position, content in enumerate(contents or (b"print('one')\n",)):
        entries = [
            file_entry(f"var/task/file{position}.py", content),
            link_entry(f"var/task/link{position}", "file0.py"),
        ]
        image = image.append_layer(build_layer(entries, family=family), created_by=f"COPY file{position}.py")
    return image.with_config(
        image.config.with_run(cmd=["app.handler"], environment={"PATH": "/bin", "LANG": "C.UTF-8"})
    )


def tar_bytes(fill: Callable[[tarfile.TarFile], None]) -> bytes:
    """A tar as Python's own tarfile writes it, so that anything can be in it."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        fill(archive)
    return target.getvalue()


def layer_of(tar: bytes, compressed: bytes | None = None, family: MediaTypes = DOCKER) -> Layer:
    """A layer with exactly these bytes, called gzip if `compressed` is given."""
    data = tar if compressed is None else compressed
    media_type = family.layer if compressed is None else family.layer_gzip
    return Layer(Descriptor.of(media_type, data), Digest.of(tar), BytesBlob.of(data))

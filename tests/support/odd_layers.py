"""Layers as other builders write them, and as ours never does: whiteouts, links as parents, members in any order."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

from iris_model.oci import DOCKER, BytesBlob, Descriptor, Digest, Layer

_KINDS = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
}


@dataclass(frozen=True)
class Member:
    """One member of a tar."""

    name: str
    kind: str = "file"
    content: bytes = b""
    target: str = ""


def tar_layer(members: Iterable[Member]) -> Layer:
    """A gzip layer with these members, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.mode, entry.linkname = _KINDS[member.kind], 0o755, member.target
            entry.size = len(member.content)
            archive.addfile(entry, io.BytesIO(member.content))
    tar = buffer.getvalue()
    blob = BytesBlob.of(gzip.compress(tar, mtime=0))
    return Layer(Descriptor(DOCKER.layer_gzip, blob.digest, blob.size), Digest.of(tar), blob)

"""Read a layer's tar with limits: two megabytes can contain millions of entries, or one name of gigabytes."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO

# The largest public images have about 200,000 files in all layers.
MOST_ENTRIES = 1_000_000
# Names and attributes of an entry; Linux accepts paths of 4 KiB.
MOST_HEADER_BYTES = 1 << 20


class _BoundedHeader(tarfile.TarInfo):
    """Limits headers: tarfile reads a long name or a list of attributes of any size into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        extended = self.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, *_PAX)
        if extended and self.size > MOST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes, and at most {MOST_HEADER_BYTES} are read")
        return super()._proc_member(archive)  # type: ignore[misc]


_PAX = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)


def open_tar(stream: BinaryIO | Any) -> tarfile.TarFile:
    """Open a tar for reading once from start to end. Raises TarError if it is damaged or exceeds the limits."""
    return tarfile.open(fileobj=stream, mode="r|", tarinfo=_BoundedHeader)


def members_of(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the entries, without keeping them."""
    for count, member in enumerate(archive):
        if count >= MOST_ENTRIES:
            raise tarfile.ReadError(f"more than {MOST_ENTRIES} entries")
        yield member
        archive.members.clear()  # type: ignore[attr-defined]

"""Write a zip archive for Lambda: the same files give the same bytes.

Entries are sorted, with the same time and with the mode that Lambda needs: readable by everybody, executable if the file
is. zlib-ng and zlib write different bytes, so the same zlib is needed for the same digest, as for the layers of images.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

_UNIX = 3
_FILE, _PROGRAM = 0o100644, 0o100755


def write_archive(files: Mapping[str, Path | bytes], programs: Mapping[str, Path | bytes]) -> bytes:
    """Return the archive of files and executables, by their paths below /var/task."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted({**files, **programs}.items()):
            entry = zipfile.ZipInfo(name)  # its time is 1980-01-01, the first of the format
            entry.create_system = _UNIX  # it determines how the mode is interpreted
            entry.external_attr = (_PROGRAM if name in programs else _FILE) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes(), compresslevel=9)
    return buffer.getvalue()

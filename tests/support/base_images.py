"""Small base images: a Python that is a real ELF file, a C library, and the files that a test adds or removes."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from iris_model.oci import Image, LayerEntry, Platform, build_layer, file_entry, link_entry

AWS_PATH = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"


@cache
def _own_files() -> tuple[bytes, bytes]:
    """This machine's interpreter and C library: real ELF files to be found in the base."""
    libraries = [line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libc.so.6" in line]
    return Path(sys.executable).resolve().read_bytes(), Path(libraries[0]).read_bytes()


def as_machine(elf: bytes, number: int) -> bytes:
    """The same file, for another processor."""
    return elf[:18] + struct.pack("<H", number) + elf[20:]


def base_image(
    python: str = "3.11",
    *,
    platform: Platform | None = None,
    at: str = "usr/bin",
    path: str = AWS_PATH,
    libraries: Mapping[str, bytes] | None = None,
    with_libc: bool = True,
    more: Iterable[LayerEntry] = (),
    environment: Mapping[str, str] | None = None,
) -> Image:
    """An image with a Python of that minor version; `python` empty for none."""
    program, libc = _own_files()
    platform = platform or Platform()
    if platform.architecture == "arm64":
        program = as_machine(program, 183)
    entries = [*more, *(file_entry(f"usr/lib64/{name}", data) for name, data in (libraries or {}).items())]
    if with_libc:
        entries.append(file_entry("usr/lib64/libc.so.6", libc))
    if python:
        entries += [
            file_entry(f"{at}/python{python}", program, executable=True),
            link_entry(f"{at}/python3", f"python{python}"),
        ]
    image = Image.empty(platform).append_layer(build_layer(entries), created_by="a base of the tests")
    variables = {**({"PATH": path} if path else {}), **(environment or {})}
    return image.with_config(image.config.with_run(environment=variables, entrypoint=["/entry.sh"]))

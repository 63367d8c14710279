"""Write the wheel of this tool, so that `docker build` can build a scaffolded project without other tools.

No index has iris-model yet, so the first stage of the project's Dockerfile installs it from this file. It contains the
installed package and its metadata, and works for an editable install too. Format:
https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from importlib import metadata
from pathlib import Path

import iris_model
from iris_model.errors import ProjectError

DISTRIBUTION = "iris-model"
_PACKAGE = Path(iris_model.__file__).parent
_DIST_INFO = f"iris_model-{iris_model.__version__}.dist-info"

# Files that depend on the machine: bytecode and extension modules. A wheel for any platform has neither.
_LOCAL_SUFFIXES = (".pyc", ".pyo", ".so", ".pyd", ".dylib")

# Files that only a build from source needs.
_SOURCES_OF_KERNELS = (".c", ".h", ".inc")

# The executables of the native runtime. pip keeps the mode of a file, and `package` starts them to check a model.
_EXECUTABLES = "iris_model/engine/_bootstrap-"

WHEEL_NAME = f"iris_model-{iris_model.__version__}-py3-none-any.whl"


def write_wheel(directory: Path) -> Path:
    """Write the wheel into `directory` and return its path."""
    path = directory / WHEEL_NAME
    path.write_bytes(_build_archive(_package_files() | _metadata_files()))
    return path


def _package_files() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in _PACKAGE.rglob("*"):
        name = f"iris_model/{path.relative_to(_PACKAGE).as_posix()}"
        if path.is_file() and not _is_left_out(path.relative_to(_PACKAGE)):
            files[name] = path.read_bytes()
    return files


def _is_left_out(path: Path) -> bool:
    if path.suffix in (*_LOCAL_SUFFIXES, *_SOURCES_OF_KERNELS):
        return True
    return any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def _metadata_files() -> dict[str, bytes]:
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ProjectError(
            f"{DISTRIBUTION} runs from {_PACKAGE} without being installed, so its wheel cannot be written",
            remedy="Run `pip install -e .` in the checkout.",
        ) from None
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    # The metadata of an editable install may be outdated; the version is that of the code.
    text = re.sub(r"(?m)^Version: .*$", f"Version: {iris_model.__version__}", text, count=1)
    files = {
        "METADATA": text,
        "WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: iris-model {iris_model.__version__}\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        "entry_points.txt": distribution.read_text("entry_points.txt"),
        "licenses/LICENSE": distribution.read_text("licenses/LICENSE") or distribution.read_text("LICENSE"),
    }
    return {f"{_DIST_INFO}/{name}": content.encode() for name, content in files.items() if content}


def _build_archive(files: dict[str, bytes]) -> bytes:
    """Return a zip archive in sorted order, with fixed times and modes. RECORD, which lists all other files, is last.

    The files are not compressed, because versions of zlib write different bytes.
    """
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in sorted(files.items())]
    record_name = f"{_DIST_INFO}/RECORD"
    record.append(f"{record_name},,")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in [*sorted(files.items()), (record_name, "\n".join([*record, ""]).encode())]:
            entry = zipfile.ZipInfo(name)  # its time is 1980-01-01 by default
            entry.create_system = 3  # Unix on every machine: it determines how the mode is interpreted
            entry.external_attr = (0o100755 if name.startswith(_EXECUTABLES) else 0o100644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()

"""Writes a function directory: a table of files in, a directory of always the same bytes, modes and times out.

It is written beside its place and then renamed, so that an interrupted run leaves the old one whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from iris_model.errors import ProjectError
from iris_model.project.compiled_modules import bytecode_beside
from iris_model.project.disk import disk_errors
from iris_model.project.interpreters import Interpreter

FUNCTION_FILE = "function.json"
FUNCTION_FORMAT = "iris-model-function/1"

# 1980-01-01 00:00 UTC, the oldest time that a zip archive can hold. One fixed time also lets `stamp` see an edit.
FIXED_TIME = 315532800
FILE_MODE = 0o644
PROGRAM_MODE = 0o755
DIRECTORY_MODE = 0o755


def write_function_directory(
    output: Path,
    files: Mapping[str, bytes | Path],
    description: Mapping[str, Any],
    *,
    compiler: Interpreter | None,
    fill: Callable[[Path], None] | None = None,
    check: Callable[[Path], None] | None = None,
) -> None:
    """Write `files` and a `function.json` made of `description` and all digests.

    `compiler` makes bytecode of modules that are not ours; without one they stay source. `fill` may put further files into the
    new directory first (installed packages); `check` may refuse the finished one.
    """
    check_may_replace(output)
    with _replacing(output) as staging:
        if fill:
            fill(staging)
        for name, content in files.items():
            _write_file(staging / name, content)
        if compiler:
            _write_bytecode(staging, files, compiler)
        digests = {name: _sha256(staging / name) for name in list_files(staging)}
        _write_file(staging / FUNCTION_FILE, encode_json({**description, "files": digests}))
        _normalize(staging)
        if check:
            check(staging)


def list_files(directory: Path) -> list[str]:
    """Return every file below `directory`, as sorted relative paths with slashes."""
    return sorted(
        (Path(folder) / name).relative_to(directory).as_posix()
        for folder, _, names in os.walk(directory)
        for name in names
    )


def size_of(directory: Path) -> int:
    """Return the bytes of all files below `directory`."""
    return sum((directory / name).lstat().st_size for name in list_files(directory))


def encode_json(value: object) -> bytes:
    """Encode as strict JSON for people and programs: never a bare NaN."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def encode_json_lines(values: Sequence[object]) -> bytes:
    """Encode a list as strict JSON, one line for each entry."""
    lines = ",\n".join(json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values)
    return f"[\n{lines}\n]\n".encode()


def check_may_replace(output: Path) -> None:
    """Refuse to replace anything that is not a function directory: it would be deleted."""
    if not output.exists() and not output.is_symlink():
        return
    if output.is_dir() and not output.is_symlink():
        if not any(output.iterdir()):
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if json.loads((output / FUNCTION_FILE).read_bytes()).get("format", "").startswith("iris-model-function/"):
                return
    raise ProjectError(
        f"{output} exists and is not a function directory: packaging would delete what is in it",
        remedy="Name a directory that does not exist yet, an empty one, or an earlier function directory.",
    )


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """Give an empty directory beside `output`; take its place when all went well, else leave no trace."""
    output.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    new, old = work / "new", work / "old"
    try:
        new.mkdir()
        yield new
        moved = False
        try:
            if output.exists():
                output.rename(old)
                moved = True
            new.rename(output)
        except BaseException:
            # Also Ctrl-C: between the two renames there is no function directory, so the old one goes back.
            if moved and not output.exists():
                old.rename(output)
            raise
    except FileExistsError:
        raise ProjectError(f"{output} was written by someone else at the same time", remedy="Run it again.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_bytecode(staging: Path, files: Mapping[str, bytes | Path], compiler: Interpreter) -> None:
    """Put bytecode beside the modules of the project, and beside those that were installed: megabytes, and not remembered."""
    modules = {
        name: staging / name
        for name in list_files(staging)
        if name.endswith(".py") and not name.startswith("iris_model/")
    }
    own = {name: path for name, path in modules.items() if name in files}
    installed = {name: path for name, path in modules.items() if name not in files}
    for name, content in {**bytecode_beside(own, compiler), **bytecode_beside(installed, compiler, keep=False)}.items():
        _write_file(staging / name, content)


def _write_file(path: Path, content: bytes | Path) -> None:
    with disk_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _normalize(directory: Path) -> None:
    """Set fixed modes and times, the innermost first: writing into a directory changes its time."""
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            path = Path(folder) / name
            # What we write is no program; one that came with a package is started by that package.
            _set_fixed(path, PROGRAM_MODE if path.stat().st_mode & 0o111 else FILE_MODE)
        _set_fixed(Path(folder), DIRECTORY_MODE)


def _set_fixed(path: Path, mode: int) -> None:
    path.chmod(mode)
    os.utime(path, (FIXED_TIME, FIXED_TIME))

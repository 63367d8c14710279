"""Write a function directory: always the same bytes, modes and times for the same files.

It is written next to its final path and then renamed, so that an interrupted run keeps the old one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from iris_model.contract.function_file import FUNCTION_FILE, FunctionDescription
from iris_model.errors import ProjectError
from iris_model.project.disk import digest_file, disk_errors
from iris_model.project.packaging.compiled_modules import bytecode_beside
from iris_model.project.packaging.interpreters import Interpreter

# 1980-01-01 00:00 UTC, the oldest time in a zip archive. A fixed time also lets `stamp` detect an edit.
FIXED_TIME = 315532800
FILE_MODE = 0o644
PROGRAM_MODE = 0o755
DIRECTORY_MODE = 0o755


def write_function_directory(
    output: Path,
    files: Mapping[str, bytes | Path],
    description: FunctionDescription,
    *,
    compiler: Interpreter | None,
    fill: Callable[[Path], None] | None = None,
    check: Callable[[Path], None] | None = None,
) -> None:
    """Write `files` and a `function.json` from `description` and all digests.

    `compiler` compiles the modules of the user and of packages; without it they stay source. `fill` may add files to
    the new directory first (installed packages). `check` may refuse the finished directory.
    """
    check_may_replace(output)
    with _replacing(output) as staging:
        if fill:
            fill(staging)
        for name, content in files.items():
            _write_file(staging / name, content)
        if compiler:
            _write_bytecode(staging, files, compiler)
        digests = {name: digest_file(staging / name) for name in list_files(staging)}
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
    """Return indented strict JSON, without NaN."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def encode_json_lines(values: Sequence[object]) -> bytes:
    """Return a list as strict JSON with one line for each entry."""
    lines = ",\n".join(json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values)
    return f"[\n{lines}\n]\n".encode()


def check_may_replace(output: Path) -> None:
    """Refuse to replace, and so delete, anything that is not a function directory."""
    if not output.exists() and not output.is_symlink():
        return
    if output.is_dir() and not output.is_symlink():
        if not any(output.iterdir()):
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if json.loads((output / FUNCTION_FILE).read_bytes()).get("format", "").startswith("iris-model-function/"):
                return
    raise ProjectError(
        f"{output} exists and is not a function directory; packaging would delete its content",
        remedy="Choose a new directory, an empty one, or an earlier function directory.",
    )


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """Yield an empty directory next to `output`. It replaces `output` on success, and is removed on failure."""
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
            # Also on Ctrl-C: between the two renames there is no function directory, so the old one is restored.
            if moved and not output.exists():
                old.rename(output)
            raise
    except FileExistsError:
        raise ProjectError(
            f"{output} was written by another process at the same time", remedy="Run the command again."
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_bytecode(staging: Path, files: Mapping[str, bytes | Path], compiler: Interpreter) -> None:
    """Add bytecode to the modules of the project and of installed packages: megabytes, and not cached."""
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


def _normalize(directory: Path) -> None:
    """Set fixed modes and times, innermost first: writing into a directory changes its time."""
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            path = Path(folder) / name
            # Files that we write are not executable. A program in a package stays executable.
            _set_fixed(path, PROGRAM_MODE if path.stat().st_mode & 0o111 else FILE_MODE)
        _set_fixed(Path(folder), DIRECTORY_MODE)


def _set_fixed(path: Path, mode: int) -> None:
    path.chmod(mode)
    os.utime(path, (FIXED_TIME, FIXED_TIME))

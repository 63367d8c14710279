"""The plan of a strict sandbox: which files it can see, from its settings.

The sandbox sees the base system (programs and libraries, the interpreter with its packages, a minimal `/etc`), and the
function at `/var/task`. It has no home, no `/dev/shm`, and no other file of this machine. The interpreter runs once to
find its location.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import iris_model
from iris_model.contract.native_function import BOOTSTRAP_FILE
from iris_model.errors import LocalError
from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.environment import find_native

TASK_ROOT = "/var/task"
RUNTIME_ROOT = "/var/runtime"
# As in the cloud.
USER, GROUP, USER_NAME = 993, 990, "sbx_user1051"
RUNTIME_API_PORT = 9001
# The installed executable, if the function's is for another architecture.
_FOREIGN_BOOTSTRAP = f"{RUNTIME_ROOT}/{BOOTSTRAP_FILE}"

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_ETC = ("ld.so.cache", "localtime", "ssl", "ca-certificates", "pki", "alternatives", "mime.types")
_ETC_WITH_NETWORK = ("resolv.conf", "gai.conf", "services", "protocols")
_ASK = "import sys, json; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, sys._base_executable]))"


@dataclass(frozen=True)
class Interpreter:
    """The program of an interpreter, and the directories that it needs."""

    program: str
    directories: tuple[str, ...]


@cache
def find_interpreter(python: str) -> Interpreter:
    """Run the interpreter to find its location."""
    program = shutil.which(python) or python
    try:
        # Isolated mode (-I), so that the user's environment does not change the answer.
        done = subprocess.run([program, "-I", "-c", _ASK], capture_output=True, text=True, timeout=30, check=True)
        executable, *directories, base = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise LocalError(
            f"python {python!r} does not report its location ({error}), which strict mode needs",
            remedy="Choose another interpreter, or run serve without --strict.",
        ) from None
    directories.append(str(Path(base).parent.parent))
    needed = dict.fromkeys(path for path in directories if not _is_in(path, "/usr"))
    return Interpreter(executable, tuple(needed))


def make_plan(settings: FunctionSettings, scratch: Path) -> dict[str, Any]:
    """Return the plan. `scratch` is an empty directory, the mount point of the root."""
    interpreter = find_interpreter(settings.python)
    binds: dict[str, str] = {}
    links: dict[str, str] = {}
    for path in _SYSTEM:
        if Path(path).is_symlink():
            links[path] = str(Path(path).readlink())
        elif Path(path).is_dir():
            binds[path] = path
    names = _ETC + (_ETC_WITH_NETWORK if settings.sandbox.network else ())
    binds |= {f"/etc/{name}": os.path.realpath(f"/etc/{name}") for name in names if Path(f"/etc/{name}").exists()}
    binds |= {path: path for path in interpreter.directories}
    binds[TASK_ROOT] = str(settings.directory)
    native = find_native(settings.directory)
    if native is not None and native.parent != settings.directory:
        binds[_FOREIGN_BOOTSTRAP] = str(native)
    # a Lambda function directory without our runtime: use the installed one
    if not (settings.directory / "iris_model").is_dir() and not native:
        package = Path(iris_model.__file__).parent
        parts = ("__init__.py", "runtime", "engine")
        binds |= {f"{RUNTIME_ROOT}/iris_model/{part}": str(package / part) for part in parts}
    user = f"{USER_NAME}:x:{USER}:{GROUP}::/home/{USER_NAME}:/sbin/nologin"
    return {
        "scratch": str(scratch),
        "network": settings.sandbox.network,
        "port": RUNTIME_API_PORT,
        "user": USER,
        "group": GROUP,
        "tmp_mib": settings.sandbox.tmp_mib,
        "links": links,
        "binds": binds,
        "directories": ["/opt", RUNTIME_ROOT],
        "files": {
            "/etc/passwd": f"root:x:0:0:root:/root:/sbin/nologin\n{user}\n",
            "/etc/group": f"root:x:0:\n{USER_NAME}:x:{GROUP}:\n",
            "/etc/hosts": "127.0.0.1 localhost\n",
            "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        },
    }


def make_command(settings: FunctionSettings) -> list[str]:
    """Return the command line of the runtime, with the paths of the sandbox."""
    program = find_interpreter(settings.python).program
    if settings.runtime == "awslambdaric":
        return [program, "-B", "-m", "awslambdaric", settings.handler]
    native = find_native(settings.directory)
    if native is not None:
        is_own = native.parent == settings.directory
        return [f"{TASK_ROOT}/{BOOTSTRAP_FILE}" if is_own else _FOREIGN_BOOTSTRAP, settings.handler]
    inside = (settings.directory / "iris_model" / "runtime" / "__main__.py").is_file()
    root = TASK_ROOT if inside else RUNTIME_ROOT
    return [program, "-B", "-S", f"{root}/iris_model/runtime/__main__.py", settings.handler]


def find_unreadable(directory: Path, most: int = 5) -> list[str]:
    """Return at most `most` files of the function that other users may not read."""
    found = []
    for path in sorted(directory.rglob("*")):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if not mode & 0o004 or (path.is_dir() and not mode & 0o001):
            found.append(path.relative_to(directory).as_posix())
            if len(found) == most:
                break
    return found


def _is_in(path: str, directory: str) -> bool:
    return Path(path).is_relative_to(directory)

"""The local Lambda in a process of its own, as root or as a user without rights, for tests of what either may do."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.local_service import HANDLERS, RunningService
from tests.support.requirement import Missing

NOBODY = 65_534

# What the service is made of: the packages that it has imported, and where they lie.
_PARTS = """
import json, sys
import iris_model.local, iris_model.local.functions.reload
names = {name.partition(".")[0] for name in sys.modules}
files = {getattr(sys.modules[name], "__file__", None) for name in names if name in sys.modules}
print(json.dumps(sorted(each for each in files if each and ("site-packages" in each or "/iris_model/" in each))))
"""

_SERVICE = """
import json, sys
from pathlib import Path
from iris_model.local import FunctionSettings, SandboxSettings, serve
from iris_model.local.configuration.sandbox_settings import ImageSettings
values = json.loads(sys.argv[1])
sandbox = values.pop("sandbox", {})
if "image" in sandbox:
    sandbox["image"] = ImageSettings(**sandbox["image"])
settings = FunctionSettings(directory=Path(values.pop("directory")), sandbox=SandboxSettings(**sandbox), **values)
serve(settings, port=0, on_ready=lambda ready: print(ready.page, flush=True),
      on_log=lambda line: print(line, file=sys.stderr, flush=True))
"""

# The program may start before it has lost the rights of its parent, and may have ended already.
_TRIAL = "import os, sys, iris_model.local; sys.exit(not os.access(sys.executable, os.X_OK))"


@dataclass
class ForeignService(RunningService):
    """The service, its process, and where it keeps its files."""

    process: subprocess.Popen[str] | None = None
    scratch: Path = Path()
    log: Path = Path()

    def log_lines(self) -> list[str]:
        """Everything it has logged."""
        return self.log.read_text().splitlines()


@contextmanager
def serving(user: str, *, before: Sequence[str] = (), **settings: Any) -> Iterator[ForeignService]:
    """Serve as `root` or `nobody`; `before` is a command of that user that becomes the service."""
    *become, python = python_of(user)
    command = [*become, *before, python]
    values = {"name": "hostile", "handler": "hostile.handler", "directory": str(stage() / HANDLERS.name)}
    changed = {**values, "timeout_seconds": 10, **settings}
    with tempfile.TemporaryDirectory() as directory:
        service = ForeignService(scratch=Path(directory) / "tmp", log=Path(directory) / "log")
        service.scratch.mkdir()
        Path(directory).chmod(0o755)
        service.scratch.chmod(0o1777)
        with service.log.open("w") as log:
            service.process = subprocess.Popen(
                [*command, "-c", _SERVICE, json.dumps(changed)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd="/",
                env=_environment(service.scratch),
            )
        try:
            assert service.process.stdout is not None
            service.url = service.process.stdout.readline().strip().removesuffix("/")
            assert service.url, service.log.read_text()
            yield service
        finally:
            service.process.send_signal(signal.SIGTERM)
            try:
                service.process.wait(20)
            finally:
                service.process.kill()
                service.process.wait()
                assert service.process.stdout is not None
                service.process.stdout.close()
        _wait_until_empty(service.scratch)


def _wait_until_empty(directory: Path) -> None:
    limit = time.monotonic() + 5
    while left := list(directory.iterdir()):
        assert time.monotonic() < limit, f"left behind: {left}"
        time.sleep(0.05)


def python_of(user: str) -> list[str]:
    """A Python that this user can start, with what the service needs."""
    if user == "root":
        if os.geteuid() != 0:
            raise Missing("this test needs root")
        return [sys.executable]
    become = []
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise Missing("there is no setpriv to become another user with")
        become = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all"]
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{minor}"):
        trial = [*become, python, "-c", _TRIAL]
        done = subprocess.run(trial, capture_output=True, text=True, cwd="/", env=_environment(Path("/nonexistent")))
        if done.returncode == 0:
            return [*become, python]
    raise Missing(f"an ordinary user cannot start the service here: {done.stderr.strip()[-200:]}")


@cache
def stage() -> Path:
    """Where everybody can read it: the service with all it imports, and the handlers. A checkout may be its owner's only."""
    target = Path(tempfile.mkdtemp(prefix="iris-model-test-"))
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    target.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", _PARTS], capture_output=True, text=True, check=True)
    for name in json.loads(done.stdout):
        file = Path(name)
        if file.name == "__init__.py":
            shutil.copytree(file.parent, target / file.parent.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(file, target)
    shutil.copytree(HANDLERS, target / HANDLERS.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in target.rglob("*"):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return target


def _environment(scratch: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(stage()),
    }

"""Open, compile and verify models in a confined process.

The function runs in a fork of this process, because importing a model's library is slow. `confinement` removes network,
writable places and credentials from it. The result is bytes and is never unpickled. An error of the function is raised
here, and a crash of a library becomes an error message.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iris_model import errors
from iris_model.errors import IrisModelError, ModelFileError
from iris_model.project.compilation.confinement import end_with_parent, enter

Make = Callable[[], bytes]

# Verifying the largest models takes minutes. A process that takes longer than this is considered hung.
TIMEOUT_S = 3600

# If one of these is imported, a fork does not work: OpenMP's threads are not copied, and the libraries wait for them.
_NOT_COPIED = ("catboost", "lightgbm", "onnxruntime", "pandas", "scipy", "sklearn", "torch", "xgboost")

_DONE, _FAILED, _HELD = b"D", b"F", b"H"
_MOST_BYTES = 1 << 34


def can_confine() -> bool:
    """Whether a fork of this process works. Only Linux supports it, and only without certain libraries."""
    return sys.platform == "linux" and not any(name in sys.modules for name in _NOT_COPIED)


def run_confined(make: Make) -> bytes:
    """Return the result of `make`, run in a confined copy of this process; in this process if that is not possible."""
    if not can_confine():
        return make()
    try:
        begun = Confined(make)
    except OSError:  # no resources for another process
        return make()
    try:
        return begun.wait()
    finally:
        begun.end()


def find_protection() -> list[str]:
    """Return the restrictions for a process that opens a model on this machine, as phrases; empty if it cannot fork."""
    if not can_confine():
        return []
    try:
        begun = Confined(lambda: b"")
    except OSError:
        return []
    try:
        begun.wait()
    except IrisModelError:
        return []
    finally:
        begun.end()
    return begun.held


class Died(ModelFileError):
    """The process was killed or crashed."""


class Confined:
    """A confined fork of this process that runs a function. `held`: its restrictions, once it has started."""

    def __init__(self, make: Make) -> None:
        self.held: list[str] = []
        self._directory = Path(tempfile.mkdtemp(prefix="iris-model-"))
        self._deadline = time.monotonic() + TIMEOUT_S
        parent = os.getpid()
        try:
            self._pipe, writing = os.pipe()
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # caused by a spinner's thread, which holds no lock that is needed
                self._process = os.fork()
        except OSError:
            shutil.rmtree(self._directory, ignore_errors=True)
            raise
        if self._process == 0:
            # The fork must neither return to the caller, nor write buffered output a second time.
            try:
                end_with_parent(parent)
                _answer(make, writing, self._directory)
            finally:
                os._exit(0)
        os.close(writing)

    def wait(self) -> bytes:
        """Return the result. Raises the error of `make`, or Died if the process crashed."""
        while True:
            kind, content = self._read(1), self._read_sized()
            if kind == _HELD:
                self.held = json.loads(content)
            elif kind == _DONE:
                return content
            else:
                raise _decode_error(content)

    def end(self) -> None:
        """Stop the process if it still runs, and remove its directory."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._process, 0)
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _read_sized(self) -> bytes:
        size = int.from_bytes(self._read(8), "little")
        if size > _MOST_BYTES:
            raise ModelFileError(
                "the process that opened the model returned too much data", remedy="Report this with the model file."
            )
        return self._read(size)

    def _read(self, size: int) -> bytes:
        parts = []
        while size > 0:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                raise ModelFileError(
                    f"the model was not compiled after {TIMEOUT_S // 60} minutes",
                    remedy="Pass fewer rows with --data, or use a smaller model.",
                )
            part = os.read(self._pipe, min(size, 1 << 20))
            if not part:
                raise self._died()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _died(self) -> Died:
        _, status = os.waitpid(self._process, 0)
        code = os.waitstatus_to_exitcode(status)
        if code in (-signal.SIGKILL, -signal.SIGXCPU):
            return Died(
                "the system killed the process that opened the model: it needed too much memory or time",
                remedy="Compile on a machine with more memory, or train a smaller model.",
            )
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Died(
            f"a library crashed while it opened the model ({how}); the file is damaged, or was written by another version",
            remedy="Copy the file again in binary mode, or save the model again.",
        )


def _answer(make: Make, writing: int, directory: Path) -> None:
    """Run in the fork: apply the confinement, run the function, send the result."""
    os.setsid()  # no controlling terminal
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    os.closerange(3, writing)
    os.closerange(writing + 1, 65536)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode, closefd=True) for mode in ("r", "w", "w"))  # noqa: PTH123, SIM115
    with os.fdopen(writing, "wb") as pipe:
        try:
            _send(pipe, _HELD, json.dumps(enter(directory)).encode())
            kind, content = _DONE, make()
        except IrisModelError as error:
            kind, content = _FAILED, _encode_error(error)
        except MemoryError:
            kind, content = _FAILED, _encode_error(_no_memory())
        except Exception as error:
            kind, content = _FAILED, _encode_error(_foreign(error))
        _send(pipe, kind, content)


def _send(pipe: Any, kind: bytes, content: bytes) -> None:
    pipe.write(kind + len(content).to_bytes(8, "little"))
    pipe.write(content)
    pipe.flush()


def _no_memory() -> ModelFileError:
    return ModelFileError(
        "opening the model needs more memory than this machine has",
        remedy="Compile on a machine with more memory, or train a smaller model.",
    )


def _foreign(error: Exception) -> ModelFileError:
    """Return an unexpected error with its location in the code, for bug reports."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "?"
    return ModelFileError(
        f"opening the model failed in {where}: {type(error).__name__}: {str(error).partition(chr(10))[0][:300]}",
        remedy="Copy the file in binary mode, or save it again: it may be damaged or from another version of its library.",
    )


def _encode_error(error: IrisModelError) -> bytes:
    plain = {name: value for name, value in vars(error).items() if isinstance(value, (str, int, tuple, list))}
    return json.dumps(
        {"class": type(error).__name__, "args": [str(part) for part in error.args], "state": plain}
    ).encode()


def _decode_error(content: bytes) -> IrisModelError:
    """Rebuild the error that was sent: a kind of `iris_model.errors`, made of strings and numbers only."""
    told = json.loads(content)
    cls = getattr(errors, str(told["class"]), IrisModelError)
    if not (isinstance(cls, type) and issubclass(cls, IrisModelError)):
        cls = IrisModelError
    error: IrisModelError = cls.__new__(cls, *told["args"])
    state = {name: tuple(value) if isinstance(value, list) else value for name, value in told["state"].items()}
    vars(error).update(state)
    return error

"""Start a program without blocking other threads.

`subprocess` and `os.posix_spawn` hold the interpreter lock from the fork until the kernel has loaded the program. On a
busy machine that takes tenths of a second, and no other thread or event loop can run. The C library's `posix_spawn`,
called through `ctypes`, does not hold the lock. If the C library cannot close inherited descriptors (glibc before 2.34,
musl, macOS), `subprocess` starts the program.

https://pubs.opengroup.org/onlinepubs/9799919799/functions/posix_spawn.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

# <spawn.h> of glibc
_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80
# Larger than posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t of any architecture.
_OPAQUE_BYTES = 1024


def spawn(
    command: Sequence[str],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    standard_input: int | None = None,
    output: int | None = None,
) -> int:
    """Start `command` as the leader of a new session. Return its process id; the caller must wait for the process.

    Without `standard_input` its input is empty; without `output` it writes to the output of this process. It inherits
    no other descriptor. Raises OSError, which names the program. It blocks, so call it in a thread.
    """
    variables = dict(os.environ if environment is None else environment)
    if directory is not None and not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))
    libc = _find_libc()
    if libc is None:
        return _spawn_with_subprocess(command, directory, variables, standard_input, output)
    words = _pack(os.fsencode(word) for word in command)
    packed_variables = _pack(os.fsencode(f"{name}={value}") for name, value in variables.items())
    actions, attributes = ctypes.create_string_buffer(_OPAQUE_BYTES), ctypes.create_string_buffer(_OPAQUE_BYTES)
    _check(libc.posix_spawn_file_actions_init(actions))
    _check(libc.posix_spawnattr_init(attributes))
    try:
        _add_actions(libc, actions, directory, standard_input, output)
        _set_attributes(libc, attributes)
        pid = ctypes.c_int()
        error = libc.posix_spawn(
            ctypes.byref(pid), os.fsencode(command[0]), actions, attributes, words, packed_variables
        )
    finally:
        libc.posix_spawn_file_actions_destroy(actions)
        libc.posix_spawnattr_destroy(attributes)
    if error:
        raise OSError(error, os.strerror(error), command[0])
    return pid.value


def _add_actions(
    libc: Any, actions: Any, directory: Path | None, standard_input: int | None, output: int | None
) -> None:
    if directory is not None:
        _check(libc.posix_spawn_file_actions_addchdir_np(actions, os.fsencode(directory)))
    if standard_input is None:
        _check(libc.posix_spawn_file_actions_addopen(actions, 0, os.fsencode(os.devnull), os.O_RDONLY, 0))
    else:
        _check(libc.posix_spawn_file_actions_adddup2(actions, standard_input, 0))
    for target in (1, 2) if output is not None else ():
        _check(libc.posix_spawn_file_actions_adddup2(actions, output, target))
    _check(libc.posix_spawn_file_actions_addclosefrom_np(actions, 3))


def _set_attributes(libc: Any, attributes: Any) -> None:
    # As `subprocess` does: Python ignores these signals, but the child must not.
    defaults, mask = ctypes.create_string_buffer(_OPAQUE_BYTES), ctypes.create_string_buffer(_OPAQUE_BYTES)
    libc.sigemptyset(defaults)
    libc.sigemptyset(mask)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        libc.sigaddset(defaults, int(number))
    _check(libc.posix_spawnattr_setsigdefault(attributes, defaults))
    _check(libc.posix_spawnattr_setsigmask(attributes, mask))
    _check(libc.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSIGMASK | _SETSID)))


@cache
def _find_libc() -> Any:
    """Return the C library, or None if it lacks a call or is not glibc: only glibc's flags are known here."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    needed = (
        "posix_spawn_file_actions_addchdir_np",
        "posix_spawn_file_actions_addclosefrom_np",
        "gnu_get_libc_version",
    )
    return libc if all(hasattr(libc, name) for name in needed) else None


def _spawn_with_subprocess(
    command: Sequence[str],
    directory: Path | None,
    environment: Mapping[str, str],
    standard_input: int | None,
    output: int | None,
) -> int:
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL if standard_input is None else standard_input,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    process.returncode = 0  # so that `subprocess` does not wait for the process instead of the caller
    return process.pid


def _pack(words: Iterable[bytes]) -> Any:
    encoded = list(words)
    if any(b"\0" in word for word in encoded):
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))

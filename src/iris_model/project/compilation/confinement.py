"""Remove access from this process that is not needed to open a model: network, writable directories, credentials.

`enter` is called in a fork that is about to open a model. It applies what the system allows and returns the
restrictions as phrases. Linux: namespaces of user, network, mounts and IPC where allowed; otherwise Landlock for files,
and a system call filter for sockets. On every system: limits on memory, processor time, processes and files, and an
environment with only the listed variables.
"""

# Runs in a process with one thread that ends with its task: nothing is undone.
from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
import sys
from pathlib import Path

# <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/mount.h>, <linux/landlock.h>, <linux/seccomp.h>
_NEW_USER, _NEW_NET, _NEW_MOUNT, _NEW_IPC, _NEW_PID = 0x10000000, 0x40000000, 0x20000, 0x8000000, 0x20000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 4096, 16384, 1 << 18, 2, 4
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _ATTR_READ_ONLY = 442, -100, 0x8000, 1
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_CAPSET = {"x86_64": 126, "aarch64": 91}
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_LAST_CAPABILITY = 63

# Landlock's rights to change files; reading and executing stay allowed everywhere. The bits of its ABI 1, and those of
# later versions.
_WRITE_RIGHTS = {1: 0b1_1111_1111_0010, 2: 1 << 13, 3: 1 << 14}
_NETWORK_RIGHTS = 0b11

CPU_SECONDS = 2 * 3600
FILE_BYTES = 8 << 30
PROCESSES = 4096
SHARED_MEMORY = "64m"
_LEAST_MEMORY = 4 << 30

# The environment variables to keep. None may hold a secret: no AWS_, no tokens, no proxies with passwords.
_KEPT = (
    *(
        "HOME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "PATH",
        "SHELL",
        "SYSTEMROOT",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
        "COLUMNS",
        "TERM",
    ),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CI", "HOSTTYPE"),
)
_KEPT_PREFIXES = (
    *("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "BLIS_", "GOTO_", "KMP_", "NPY_", "NUMEXPR_", "SCIPY_", "SKLEARN_"),
    *("VECLIB_", "IRIS_MODEL_", "COVERAGE_"),
)


def enter(directory: Path) -> list[str]:
    """Confine this process permanently; only `directory` stays writable. Return the restrictions as phrases."""
    _clean_environment(directory)
    held = _limit_resources()
    if sys.platform == "linux":
        held += _confine_on_linux(directory)
    return held


def _clean_environment(directory: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    os.environ.clear()
    if sys.platform == "linux":
        _wipe_initial_environment()
    os.environ.update(kept)
    for name in ("TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "JOBLIB_TEMP_FOLDER"):
        os.environ[name] = str(directory)
    import tempfile

    tempfile.tempdir = str(directory)
    sys.dont_write_bytecode = True


def _wipe_initial_environment() -> None:
    """Overwrite the initial environment: /proc/self/environ shows it even after variables are unset."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[47]), int(fields[48])
        if 0 < start < end:
            ctypes.memset(start, 0, end - start)


def _limit_resources() -> list[str]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    memory = _memory_limit()
    wanted = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_AS, memory),
    ]
    for kind, limit in wanted:
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(kind)
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (limit, limit))
    return [f"at most {memory >> 30} GB of memory and {CPU_SECONDS // 3600} hours of processor time"]


def _memory_limit() -> int:
    """Return the memory of this machine in bytes.

    A model that needs more cannot be compiled here, and would end other programs.
    """
    try:
        have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        have = _LEAST_MEMORY
    return max(_LEAST_MEMORY, have)


def _confine_on_linux(directory: Path) -> list[str]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = _enter_namespaces(libc, directory)
    if held:
        import resource

        # Since Linux 5.14 the limit counts processes of the user namespace; before, all processes of the user.
        if _kernel() < (5, 14):
            return held
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
        return [*held, f"at most {PROCESSES} processes"]
    return [*_restrict_files(libc, directory), *_refuse_sockets(libc)]


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split(".")[:2] if part.isdecimal())


def _enter_namespaces(libc: ctypes.CDLL, directory: Path) -> list[str]:
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_USER | _NEW_NET | _NEW_MOUNT | _NEW_IPC | _NEW_PID) != 0:
        return []
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path(f"/proc/self/{name}").write_text(text)
        _check(libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None))
        place = os.fsencode(directory)
        _check(libc.mount(place, place, None, ctypes.c_ulong(_MS_BIND), None))
        shared = f"mode=1777,size={SHARED_MEMORY}".encode()
        # joblib and multiprocessing create semaphores in /dev/shm; without it they use one process.
        libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", ctypes.c_ulong(_MS_NOSUID | _MS_NODEV), shared)
        _set_read_only(libc, b"/", recursive=True, on=True)
        _set_read_only(libc, place, recursive=False, on=False)
        _set_read_only(libc, b"/dev/shm", recursive=False, on=False, needed=False)
    except OSError:
        # The network is removed, but files are still writable. Landlock restricts these.
        _drop_capabilities(libc)
        return ["no network (a namespace)", *_restrict_files(libc, directory)]
    _become_the_first(libc)
    _drop_capabilities(libc)
    # The working directory still refers to the old mounts.
    with contextlib.suppress(OSError):
        os.chdir(Path.cwd())
    return ["no network, writes only to a temporary directory (namespaces)"]


def _become_the_first(libc: ctypes.CDLL) -> None:
    """Continue as the first process of a new PID namespace, which sees no other process.

    This process waits, and exits with the same status.
    """
    waiting = os.getpid()
    first = os.fork()
    if first == 0:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return
    os.closerange(3, 65536)
    _, status = os.waitpid(first, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(waiting, -code)
    os._exit(abs(code))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "mount")


def _set_read_only(libc: ctypes.CDLL, place: bytes, *, recursive: bool, on: bool, needed: bool = True) -> None:
    attributes = struct.pack("=QQQQ", _ATTR_READ_ONLY if on else 0, 0 if on else _ATTR_READ_ONLY, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    result = libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, place, flags, attributes, ctypes.c_size_t(len(attributes)))
    if needed:
        _check(result)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Drop the capabilities of the user namespace, which could undo the mounts."""
    for number in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    number = _CAPSET.get(platform.machine(), -1)
    libc.syscall(number, struct.pack("=Ii", 0x20080522, 0), bytes(24))


def _restrict_files(libc: ctypes.CDLL, directory: Path) -> list[str]:
    """Apply Landlock, which needs no privilege: only `directory` can be changed."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return []
    rights = sum(bits for since, bits in _WRITE_RIGHTS.items() if version >= since)
    ruleset = struct.pack("=QQ", rights, _NETWORK_RIGHTS) if version >= 4 else struct.pack("=Q", rights)
    handle = libc.syscall(_LANDLOCK_CREATE, ruleset, ctypes.c_size_t(len(ruleset)), 0)
    if handle < 0:
        return []
    for place in (directory, Path("/dev/null")):
        opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if place == directory else rights & 0b10 | (rights & (1 << 14))
        libc.syscall(_LANDLOCK_ADD, handle, 1, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    restricted = libc.syscall(_LANDLOCK_RESTRICT, handle, 0)
    os.close(handle)
    return ["writes only to a temporary directory (Landlock)"] if restricted == 0 else []


def _refuse_sockets(libc: ctypes.CDLL) -> list[str]:
    """Install a system call filter that refuses sockets, except pairs inside the process."""
    known = _SOCKET.get(platform.machine())
    if known is None:
        return []
    architecture, number = known
    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    program = [
        (0x20, 0, 0, 4),  # load the architecture
        (0x15, 1, 0, architecture),
        (0x06, 0, 0, kill),  # another architecture has other call numbers
        (0x20, 0, 0, 0),  # load the number of the call
        (0x35, 3, 0, 0x40000000),  # x32 has other call numbers too
        (0x15, 2, 0, number),
        (0x15, 1, 0, 425),  # io_uring_setup creates sockets as well
        (0x06, 0, 0, allow),
        (0x06, 0, 0, refuse),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    done = libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_char_p(header), 0, 0)
    return ["no network (a filter of system calls)"] if done == 0 else []


def end_with_parent(parent: int) -> None:
    """End this process when its parent is killed, because other processes may wait for files that it has open."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)

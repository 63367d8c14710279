"""The first process of a strict sandbox: it creates the namespaces, then starts runtimes in them, one at a time.

It runs as a separate program (`python -I -S strict_init.py`), without the package. Its standard input is a socket that
preserves message boundaries:

- The service sends the plan (JSON). The reply is `ready`, with the listening socket of the Runtime API if the sandbox
  has its own network, or `error` with the step that the kernel refused.
- Each later message starts a process: command and environment as JSON, and two descriptors, one for its output and one
  end of a socket pair. On that socket the new process announces itself (the kernel adds its process id as the service
  sees it), waits for a message before it executes the command, and reports a failure. End of file means success.
- `exited` with the exit code follows when the process has ended and everything that it started was killed.

When the service ends, this process ends. It is the first process of its namespace, so the kernel then ends all others.
"""

# Paths as strings, because importing pathlib would slow every start.
# ruff: noqa: PTH103, PTH112, PTH120, PTH123, PTH211, S108

from __future__ import annotations

import ctypes
import errno

try:
    import fcntl
except ImportError:  # Windows, where no sandbox starts
    fcntl = None  # type: ignore[assignment]
import json
import os
import select
import signal
import socket
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

# <sched.h>, <sys/mount.h>, <sys/prctl.h>, <linux/if.h>
_NEW_NAMESPACE = {"mount": 0x20000, "ipc": 0x8000000, "pid": 0x20000000, "user": 0x10000000, "net": 0x40000000}
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MS_RELATIME, _ST_RELATIME = 1 << 21, 4096
_MNT_DETACH = 2
_PR_SET_NO_NEW_PRIVS = 38
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_DEVICES = ("null", "zero", "full", "random", "urandom")
_DESCRIPTOR_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
_MESSAGE_BYTES = 256 * 1024
_MOST_DESCRIPTORS = 1 << 20

# Windows has no such library, and imports this module all the same.
_libc: Any = None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)


class _Refused(Exception):
    """The kernel refused a step."""


def main() -> None:
    """Run the outer process, because a new process namespace applies only to children."""
    control = socket.socket(fileno=0)
    # A function that inherited the socket could send forged messages to the service.
    control.set_inheritable(False)
    plan = json.loads(control.recv(_MESSAGE_BYTES))
    try:
        privileged = _unshare(network=plan["network"], user=plan["user"], group=plan["group"])
        inner = os.fork()
        if inner:
            control.close()
            _, status = os.waitpid(inner, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        listener = None if plan["network"] else _listen(plan["port"])
        _build_root(plan)
    except (_Refused, OSError) as problem:
        control.send(json.dumps({"error": str(problem)}).encode())
        os._exit(1)
    descriptors = [] if listener is None else [listener.fileno()]
    socket.send_fds(control, [json.dumps({"ready": True, "privileged": privileged}).encode()], descriptors)
    if listener is not None:
        listener.close()
    _serve(control, (plan["user"], plan["group"]) if privileged else None)


def _unshare(*, network: bool, user: int, group: int) -> bool:
    """Create the namespaces.

    Root keeps its identity, and becomes the unprivileged user later; other users map themselves.
    """
    flags = sum(_NEW_NAMESPACE[kind] for kind in ("mount", "ipc", "pid"))
    if not network:
        flags |= _NEW_NAMESPACE["net"]
    if os.geteuid() == 0 and _libc.unshare(flags) == 0:
        return True
    own_user, own_group = os.geteuid(), os.getegid()
    _call("creating a namespace (user namespaces may be disabled)", _libc.unshare, flags | _NEW_NAMESPACE["user"])
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {own_user} 1"),
        ("gid_map", f"{group} {own_group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return False


def _listen(port: int) -> socket.socket:
    """Create the socket of the Runtime API in this network namespace, for the service outside of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _build_root(plan: dict[str, Any]) -> None:
    """Mount the file system of the function, and enter it."""
    os.umask(0o022)
    root = plan["scratch"]
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=4m")
    for link, target in plan["links"].items():
        os.makedirs(os.path.dirname(root + link), exist_ok=True)
        os.symlink(target, root + link)
    for path, text in plan["files"].items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        with open(root + path, "w") as file:
            file.write(text)
    # Mount /tmp before the bind mounts, because it must not hide an interpreter below this machine's /tmp.
    os.makedirs(root + "/tmp", exist_ok=True)
    _mount("tmpfs", root + "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=1777,size={plan['tmp_mib']}m")
    for target, source in plan["binds"].items():
        _bind_read_only(source, root + target)
    for path in plan["directories"]:
        os.makedirs(root + path, exist_ok=True)
    os.makedirs(root + "/proc", exist_ok=True)
    _mount("proc", root + "/proc", "proc", _MS_NOSUID | _MS_NODEV)
    _build_devices(root + "/dev")
    _mount(None, root, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    os.chdir(root)
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise _Refused(f"a private root directory is not supported on {os.uname().machine}")
    _call("a private root directory", _libc.syscall, number, b".", b".")
    _call("a private root directory", _libc.umount2, b".", _MNT_DETACH)
    os.chdir("/")


def _bind_read_only(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    # A mount of another user keeps its restrictions. The kernel refuses flags that lack them.
    found = os.statvfs(target).f_flag
    kept = found & 0x0C0E | (_MS_RELATIME if found & _ST_RELATIME else 0)
    _mount(None, target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | kept)


def _build_devices(directory: str) -> None:
    """Create the devices of the cloud, without `shm`."""
    os.makedirs(directory, exist_ok=True)
    _mount("tmpfs", directory, "tmpfs", _MS_NOSUID, "mode=0755,size=64k")
    for name in _DEVICES:
        path = f"{directory}/{name}"
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        _mount(f"/dev/{name}", path, None, _MS_BIND)
    for name, target in _DESCRIPTOR_LINKS.items():
        os.symlink(target, f"{directory}/{name}")
    _mount(None, directory, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID)


def _serve(control: socket.socket, becomes: tuple[int, int] | None) -> NoReturn:
    """Start each process that the service requests, and report its end, until the service ends."""
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    main_child = 0
    while True:
        readable, _, _ = select.select([control.fileno(), waking], [], [])
        if waking in readable:
            os.read(waking, 4096)
            main_child = _reap(control, main_child)
        if control.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 2)
            if not message:
                os._exit(0)
            output, gate = descriptors
            main_child = os.fork()
            if not main_child:
                signal.set_wakeup_fd(-1)
                _become(json.loads(message), output, gate, becomes)
            os.close(output)
            os.close(gate)


def _reap(control: socket.socket, main_child: int) -> int:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return main_child
        if pid == 0:
            return main_child
        if pid == main_child:
            main_child = 0
            _end_all()
            control.send(json.dumps({"exited": os.waitstatus_to_exitcode(status)}).encode())


def _end_all() -> None:
    """Kill every other process of the namespace and wait until they are gone."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _become(order: dict[str, Any], output: int, gate: int, becomes: tuple[int, int] | None) -> NoReturn:
    """Turn this process into the runtime."""
    try:
        os.set_inheritable(gate, False)
        os.write(gate, b"+")
        os.read(gate, 1)
        os.setsid()
        nothing = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target, inheritable=True)
        for name in (signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(name, signal.SIG_DFL)
        if becomes is not None:
            os.setgroups([])
            os.setgid(becomes[1])
            os.setuid(becomes[0])
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Descriptors received over a socket are inheritable. The function gets only the first three.
        os.closerange(3, gate)
        os.closerange(gate + 1, _MOST_DESCRIPTORS)
        os.chdir(order["directory"])
        os.execve(order["command"][0], order["command"], order["environment"])
    except OSError as error:
        os.write(gate, str(error.errno or errno.EINVAL).encode())
    os._exit(127)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    encoded = [None if part is None else part.encode() for part in (source, target, kind)]
    name = target if source is None else f"{source} on {target}"
    _call(f"mounting {name}", _libc.mount, *encoded, ctypes.c_ulong(flags), options.encode() or None)


def _call(step: str, function: Any, *arguments: object) -> None:
    if function(*arguments) != 0:
        raise _Refused(f"{step}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main()

"""A handler that does what a sandbox must survive; the event selects it. Runs inside sandboxes, standard library only."""

import errno
import http.client
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path


def handler(event, context):
    if not isinstance(event, dict) or "do" not in event:
        return event
    try:
        return globals()[event["do"]](event, context)
    except OSError as error:
        return {"errno": errno.errorcode.get(error.errno), "text": str(error)}


def whoami(event, context):
    return {
        "pid": os.getpid(),
        "uid": os.getuid(),
        "cwd": str(Path.cwd()),
        "home": os.environ["HOME"],
        "tmp": tempfile.gettempdir(),
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "sandbox": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"].rpartition("]")[2],
        "root": os.environ["LAMBDA_TASK_ROOT"],
        "listing": sorted(each.name for each in Path("/").iterdir()),
        "user": Path("/proc/self/status").read_text().split("CapEff:\t")[1].split()[0],
    }


def descriptors(event, context):
    """Open descriptors and what they are, without the runtime's own connection."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:
            continue  # that of the listing itself
    return found


def ask_as_a_browser(event, context):
    """The Runtime API, asked with headers that only a web page's request has."""
    statuses = []
    for headers in (
        {"Host": "rebound.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {},
    ):
        connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.request("GET", "/2018-06-01/ping", headers=headers)
        statuses.append(connection.getresponse().status)
    return statuses


def write_file(event, context):
    path = Path(event["path"].replace("$HOME", os.environ["HOME"]).replace("$TMP", tempfile.gettempdir()))
    if event.get("parents"):
        path.parent.mkdir(parents=True, exist_ok=True)
    if "seek" in event:
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            os.pwrite(file, b"x", event["seek"])
            if event.get("reserve"):
                os.posix_fallocate(file, 0, event["reserve"])
        finally:
            os.close(file)
    with path.open("ab") as file:
        for _ in range(event.get("mib", 0)):
            file.write(bytes(1024 * 1024))
    return path.stat().st_size


def list_tmp(event, context):
    """Which sandbox, and what lies in its /tmp; slowly, so that two at once are in two sandboxes."""
    time.sleep(event["seconds"])
    files = sorted(each.name for each in Path(tempfile.gettempdir()).iterdir())
    return [os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], files]


def semaphore(event, context):
    multiprocessing.get_context("spawn").Lock()
    return "locked"


def connect(event, context):
    connection = http.client.HTTPConnection(event["host"], event["port"], timeout=3)
    connection.request("GET", "/")
    return connection.getresponse().status


def leave_session(event, context):
    """A grandchild that has left the session and the tree of processes, and keeps the output open."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writing, str(os.getpid()).encode())
            os.closerange(3, 256)
            time.sleep(600)
        os._exit(0)
    os.wait()
    return {"pid": os.getpid(), "grandchild": int(os.read(reading, 20))}


def fork_and_answer_twice(event, context):
    """Both come back from here, and both answer, over one connection."""
    os.fork()
    return os.getpid()


def close_everything(event, context):
    os.closerange(3, 256)
    return "closed"


def flood(event, context):
    """Wrong request ids at the Runtime API, then the true answer."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    statuses = set()
    for number in range(event["times"]):
        connection.request("POST", f"/2018-06-01/runtime/invocation/{number}/response", b'"forged"')
        response = connection.getresponse()
        response.read()
        statuses.add(response.status)
    return sorted(statuses)


def threads_at_exit(event, context):
    for _ in range(20):
        threading.Thread(target=time.sleep, args=(600,)).start()
    sys.exit(5)


def allocate_in_children(event, context):
    """The peak lies in the children: each holds its own block."""
    children = []
    for _ in range(event["children"]):
        pid = os.fork()
        if pid == 0:
            block = bytearray(event["mib"] * 1024 * 1024)
            block[::4096] = b"x" * len(block[::4096])
            time.sleep(event["seconds"])
            os._exit(0)
        children.append(pid)
    return [os.waitpid(pid, 0)[1] for pid in children]


def allocate(event, context):
    block = bytearray(event["mib"] * 1024 * 1024)
    block[::4096] = b"x" * len(block[::4096])
    return len(block)


def wait(event, context):
    time.sleep(event["seconds"])
    return os.getpid()


def fork_bomb(event, context):
    children = []
    try:
        while len(children) < event["most"]:
            pid = os.fork()
            if pid == 0:
                time.sleep(600)
            children.append(pid)
    except OSError as error:
        return {"children": len(children), "errno": errno.errorcode[error.errno]}
    return {"children": len(children)}


def note_the_end(event, context):
    signal.signal(signal.SIGTERM, lambda *_: (Path(event["path"]).write_text("told"), sys.exit(0)))
    return os.getpid()


def spin(event, context):
    """Processor time and wall time of a busy loop."""
    started, used = time.monotonic(), time.process_time()
    while time.process_time() - used < event["seconds"]:
        pass
    return time.monotonic() - started


def remember(event, context):
    path = Path(tempfile.gettempdir()) / "remembered"
    with path.open("a") as file:
        file.write("x")
    if event.get("exit"):
        os._exit(event["exit"])
    return path.stat().st_size

"""One handler that behaves in every way a handler can; the event selects it. Runs inside sandboxes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

print("loading app")


class Misbehaviour(Exception):
    pass


def handler(event, context):
    if not isinstance(event, dict) or "do" not in event:
        return event
    return ACTIONS[event["do"]](event, context)


def describe(event, context):
    return {
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "cwd": str(Path.cwd()),
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
        "custom": context.client_context.custom if context.client_context else None,
    }


def fail(event, context):
    raise Misbehaviour("as requested")


def exit_process(event, context):
    os._exit(event["status"])


def kill_process(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(event, context):
    time.sleep(event["seconds"])
    return os.getpid()


def allocate(event, context):
    block = bytearray(event["mib"] * 1024 * 1024)
    block[::4096] = b"x" * len(block[::4096])
    time.sleep(event.get("seconds", 0))
    return len(block)


def respond_large(event, context):
    return "x" * event["size"]


def write(event, context):
    for _ in range(event.get("times", 1)):
        sys.stdout.write(event["text"])
    sys.stdout.flush()
    print(event.get("stderr", ""), file=sys.stderr, end="", flush=True)


def start_child(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return {"pid": os.getpid(), "child": child.pid}


def unserializable(event, context):
    return threading.Lock()


def respond(event, context):
    return json.loads(event["body"])


ACTIONS = {
    "describe": describe,
    "fail": fail,
    "exit": exit_process,
    "kill": kill_process,
    "sleep": sleep,
    "allocate": allocate,
    "respond_large": respond_large,
    "write": write,
    "start_child": start_child,
    "unserializable": unserializable,
}


def http(event, context):
    """Behind the HTTP API: `/echo` returns the event, anything else the JSON of the body."""
    if event["rawPath"].endswith("/echo") or "body" not in event:
        return event
    if event["isBase64Encoded"]:
        import base64

        return json.loads(base64.b64decode(event["body"]))
    result = json.loads(event["body"])
    if isinstance(result, dict) and "do" in result:
        return ACTIONS[result["do"]](result, context)
    return result


def wrapped(event, context):
    """Behind the HTTP API with payload format 1.0: the event, in the full form of a response."""
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}

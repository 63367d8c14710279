"""Windows, simulated: what only Linux and macOS have is taken away. Commands that cannot work there print one error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.cli import COMMANDS
from iris_model.oci import write_layout
from tests.support.base_images import base_image
from tests.support.iris_project import write_iris_project

pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, contextlib, io, json, os, signal, subprocess, sys, multiprocessing, ctypes, tempfile, urllib.request
import aiohttp, click.testing, numpy, packaging.requirements, platformdirs, rich.console, rich.progress, psutil
import boto3, yaml, safetensors, sklearn.linear_model, sklearn.pipeline, watchfiles  # they ask for the system
for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty"):
    sys.modules[name] = None
# https://docs.python.org/3/library/os.html: "Availability: Unix" or "not Windows".
for name in ("fork", "forkpty", "killpg", "getuid", "geteuid", "getgid", "setsid", "setpgid", "sched_getaffinity", "sysconf",
             "chown", "mkfifo", "wait3", "wait4", "pidfd_open", "memfd_create", "unshare", "waitid"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGKILL", "SIGHUP", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTSTP", "setitimer", "pthread_sigmask"):
    if hasattr(signal, name):
        delattr(signal, name)
whole_library = ctypes.CDLL
def open_library(name, *arguments, **options):
    if name is None:
        raise TypeError("bad argument type for built-in operation")
    return whole_library(name, *arguments, **options)
ctypes.CDLL = open_library
sys.platform = "win32"
from click.testing import CliRunner
from iris_model.cli import cli
answers = []
for words in json.load(sys.stdin):
    done = CliRunner().invoke(cli, words)
    answers.append([done.exit_code, done.output, repr(done.exception)])
print("\\n" + json.dumps(answers))
"""
REFUSED = {
    "serve": ("PROJECT", "--port", "0"),
    "invoke": ("PROJECT", "[5.1, 3.5, 1.4, 0.2]"),
    "tune": ("PROJECT",),
    "cost": ("PROJECT",),
}
WORKING = {
    "init": ("SCRATCH/new", "--model", "PROJECT/iris_trained_model.pkl"),
    "dockerfile": ("PROJECT",),
    "inspect": ("PROJECT/iris_trained_model.pkl",),
    "compile": ("PROJECT/iris_trained_model.pkl", "-o", "SCRATCH/a.safetensors"),
    "diff": ("SCRATCH/a.safetensors", "PROJECT/iris_trained_model.pkl", "--data", "PROJECT/iris.csv"),
    # One process: here multiprocessing starts more in the way of Linux.
    "predict": ("SCRATCH/a.safetensors", "PROJECT/iris.csv", "-o", "SCRATCH/answers.csv", "--jobs", "1"),
    "package": ("PROJECT",),
    "openapi": ("PROJECT",),
    "build": ("PROJECT", "--base", "SCRATCH/base"),
    "image": ("inspect", "PROJECT/.iris-model/image"),
    "template": ("PROJECT",),
    "completion": ("zsh",),
}
# Nobody is logged in to AWS, and no registry listens at the port.
UNREACHABLE = {
    "push": ("PROJECT/.iris-model/image", "localhost:1/flowers:1"),
    "deploy": ("PROJECT", "--plan", "--image", "PROJECT/.iris-model/image"),
    "status": ("PROJECT",),
    "logs": ("PROJECT",),
    "events": ("list", "PROJECT"),
    "batch": ("s3://bucket/in/", "s3://bucket/out/", "--project", "PROJECT"),
    "rollback": ("PROJECT",),
    "destroy": ("PROJECT", "--yes"),
    "doctor": ("PROJECT",),
    "login": ("PROJECT",),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    scratch = tmp_path_factory.mktemp("windows")
    project = write_iris_project(scratch / "project", "flowers")
    write_layout(base_image("3.13"), scratch / "base")
    places = {"PROJECT": str(project), "SCRATCH": str(scratch)}
    commands = {**WORKING, **REFUSED, **UNREACHABLE}
    lines = [
        [name, *(re.sub("PROJECT|SCRATCH", lambda found: places[found[0]], word) for word in words)]
        for name, words in commands.items()
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_CONFIG_FILE": str(scratch / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(scratch / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(lines), capture_output=True, text=True, timeout=300, check=False,
        cwd=Path(__file__).parents[2], env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(zip(commands, map(tuple, json.loads(done.stdout.strip().rpartition("\n")[2])), strict=True))


def test_no_command_is_left_out() -> None:
    assert {*WORKING, *REFUSED, *UNREACHABLE} == set(COMMANDS)


@pytest.mark.parametrize("command", REFUSED)
def test_commands_that_need_sandboxes_are_refused(answers: dict[str, tuple[int, str, str]], command: str) -> None:
    code, output, exception = answers[command]
    assert code == 1, output + exception
    error, hint = [line for line in output.splitlines() if line.startswith(("error: ", "hint: "))]
    assert error.startswith("error: the local Lambda does not run on Windows")
    assert "WSL" in hint


@pytest.mark.parametrize("command", WORKING)
def test_other_commands_work(answers: dict[str, tuple[int, str, str]], command: str) -> None:
    code, output, exception = answers[command]
    assert code == 0, output + exception


@pytest.mark.parametrize("command", UNREACHABLE)
def test_commands_that_need_a_service_fail_only_without_it(
    answers: dict[str, tuple[int, str, str]], command: str
) -> None:
    code, output, exception = answers[command]
    assert code == 1, output + exception
    assert exception == "SystemExit(1)"
    assert re.search(r"credentials|region|localhost:1|no \[batch\]", output), output

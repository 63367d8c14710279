"""Docker Engine through its own command line: build, run, inspect. Everything started here is removed here."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.requirement import Missing
from tests.support.rie_process import Emulator, free_port, wait_until_accepting

PORT = 8080
"""Where the emulator listens inside a container."""


def docker(*arguments: str, timeout: float = 60, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one docker command. If it fails, the error has the output of docker."""
    # The legacy builder is asked for by name: an Engine of today may have no other, and the Dockerfile must suit both.
    environment = {**os.environ, "DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0")}
    done = subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done


@cache
def engine() -> str:
    """The version of the running Engine."""
    if shutil.which("docker") is None:
        raise Missing("there is no docker command: install Docker Engine (Debian: docker.io)")
    answer = docker("version", "--format", "{{.Server.Version}}", check=False)
    if answer.returncode:
        raise Missing(f"Docker Engine does not answer (start dockerd): {answer.stderr.strip()[-300:]}")
    return answer.stdout.strip()


def image_exists(reference: str) -> bool:
    """Whether the image is here, without asking any registry."""
    return docker("image", "inspect", reference, check=False).returncode == 0


def inspect_image(reference: str) -> dict[str, Any]:
    """The image's configuration as the Engine knows it."""
    (image,) = json.loads(docker("image", "inspect", reference).stdout)
    assert isinstance(image, dict)
    return image


def build(tag: str, context: Path, *, build_arguments: Mapping[str, str] | None = None) -> str:
    """`docker build -t TAG CONTEXT`, and the tag again."""
    arguments = [part for name, value in (build_arguments or {}).items() for part in ("--build-arg", f"{name}={value}")]
    with one_at_a_time():
        docker("build", *arguments, "--tag", tag, str(context), timeout=900)
    return tag


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a lock of this machine, so that the second test worker finds in the cache what the first one makes."""
    with (Path(tempfile.gettempdir()) / "iris-model-docker-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_once(image: str, *command: str, options: Sequence[str] = ()) -> str:
    """What one command inside the image prints, instead of its entry point."""
    program, *arguments = command
    return docker("run", "--rm", *options, "--entrypoint", program, image, *arguments).stdout


@contextmanager
def container(
    image: str,
    command: Sequence[str] = (),
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Emulator]:
    """Run the image with port 8080 on a loopback port, as `docker run -p 9000:8080 IMAGE` does."""
    port = free_port()
    variables = [part for name, value in (environment or {}).items() for part in ("--env", f"{name}={value}")]
    publish = ["--publish", f"127.0.0.1:{port}:{PORT}"]
    name = docker("run", "--detach", *publish, *variables, *options, image, *command).stdout.strip()
    function = Emulator(port)
    try:
        _wait_until_serving(name)
        yield function
    finally:
        docker("stop", "--time", "5", name, check=False)
        function.log = _log_of(name)
        docker("rm", "--force", "--volumes", name, check=False)


def _log_of(name: str) -> str:
    # One pipe for both streams, so that lines stay in the order in which they were written.
    said = subprocess.run(["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    return said.stdout.decode("utf-8", "replace")


def _wait_until_serving(name: str) -> None:
    # Docker's own proxy accepts on the published port before anybody listens inside, so ask the container itself.
    def state() -> dict[str, Any]:
        (details,) = json.loads(docker("inspect", name).stdout)
        assert isinstance(details, dict)
        return details

    address = state()["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]

    def ended() -> str | None:
        status = state()["State"]
        if status["Running"]:
            return None
        return f"the container ended with status {status['ExitCode']}: {_log_of(name)[-2000:]}"

    wait_until_accepting(address, PORT, ended)

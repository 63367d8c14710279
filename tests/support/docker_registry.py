"""Debian's `docker-registry` (the CNCF distribution), started by a test on a loopback port, open or with a password."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.requirement import Missing
from tests.support.rie_process import free_port, wait_until_accepting
from tests.support.token_server import ISSUER, SERVICE, TokenServer

_PROGRAMS = {
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "umoci": "umoci",
    "htpasswd": "apache2-utils",
    "rpmbuild": "rpm",
}


@dataclass(frozen=True)
class RealRegistry:
    """A running registry. `host` is what references begin with; `port` is where it listens."""

    host: str
    port: int
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as a power cut does; its data stays."""
        self.process.kill()
        self.process.wait(10)


def program(name: str) -> str:
    """The path of a program that the tests compare us with."""
    path = shutil.which(name)
    if path is None:
        raise Missing(f"there is no {name} (Debian: {_PROGRAMS.get(name, name)})")
    return path


@contextmanager
def docker_registry(
    directory: Path, *, user: str = "", password: str = "", tokens: TokenServer | None = None
) -> Iterator[RealRegistry]:
    """Run one that keeps its data in `directory`, until the end of the `with`: open, with a password, or with tokens."""
    port = free_port()
    configuration = directory / "config.yml"
    configuration.write_text(_configuration(directory, port, user, password, tokens))
    log = (directory / "log").open("wb")
    process = subprocess.Popen(
        [program("docker-registry"), "serve", str(configuration)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin", "OTEL_TRACES_EXPORTER": "none"},
    )

    def ended() -> str | None:
        status = process.poll()
        return (
            None if status is None else f"docker-registry ended ({status}): {(directory / 'log').read_text()[-1000:]}"
        )

    try:
        wait_until_accepting("127.0.0.1", port, ended)
        yield RealRegistry(f"127.0.0.1:{port}", port, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()


def _configuration(directory: Path, port: int, user: str, password: str, tokens: TokenServer | None) -> str:
    data = directory / "data"
    text = f"""\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {data}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""
    if user:
        made = subprocess.run(
            [program("htpasswd"), "-Bbn", user, password], capture_output=True, text=True, check=True, timeout=30
        )
        (directory / "htpasswd").write_text(made.stdout)
        text += f"auth: {{htpasswd: {{realm: tests, path: {directory / 'htpasswd'}}}}}\n"
    if tokens is not None:
        text += f"""\
auth:
  token:
    realm: http://127.0.0.1:{tokens.port}/token
    service: {SERVICE}
    issuer: {ISSUER}
    rootcertbundle: {tokens.certificate}
"""
    return text

"""Runs a page of the documentation as its reader would: block by block, in one directory.

In: a page, a directory, and what differs here (a free port in place of 9000). Out: nothing; a block that does not do what
the page says fails with the page, the line and what was printed. The words after a fence are those of `book.py`.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.book import REPOSITORY, Block, read_blocks
from tests.support.rie_process import free_port, wait_until_accepting

BLOCK_SECONDS = 240
SERVER_SECONDS = 60
WAIT_SECONDS = 10
NEEDS = frozenset(("docker", "cloud"))
ADDRESS = re.compile(r"https?://\S+\.(?:execute-api|lambda-url)\.\S+")
MAKE_RUN = "iris-model serve examples/iris"


class PageRunner:
    """One run of one page. `replace` is applied to every block, for what cannot be the reader's here.

    `cloud` is the environment in which there is an account of AWS. Where a page says ADDRESS, the reader puts in the
    endpoint that a command before printed, and so does this.
    """

    def __init__(
        self,
        page: Path,
        directory: Path,
        *,
        replace: Mapping[str, str] = {},
        docker: bool = False,
        cloud: Mapping[str, str] | None = None,
    ) -> None:
        self.page = page
        self.directory = directory
        self.replace = dict(replace)
        self.has = {"docker"} if docker else set()
        self.has |= {"cloud"} if cloud is not None else set()
        self.cloud = dict(cloud or {})
        self.port = free_port()
        self.server: subprocess.Popen[str] | None = None
        self.ran = 0

    def run(self) -> int:
        """Run the page; the number of blocks that ran."""
        printed = ""
        try:
            for block in read_blocks(self.page):
                language, *words = block.words or ("",)
                if language == "python" and words:
                    path = self.directory / words[0]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(block.text, encoding="utf-8")
                elif language == "bash" and NEEDS.intersection(words) <= self.has:
                    self.ran += 1
                    printed = self._serve(block) if "serve" in words else self._run(block, fails="fails" in words)
                elif language == "bash":
                    printed = ""
                elif language == "text" and printed:
                    missing = [line for line in block.text.splitlines() if line.strip() not in printed]
                    assert not missing, f"{block}: not printed: {missing}; printed was:\n{printed}"
        finally:
            self._end_server()
        return self.ran

    def _run(self, block: Block, *, fails: bool) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._edit(block.text)],
            cwd=self.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BLOCK_SECONDS,
        )
        if found := ADDRESS.findall(done.stdout):
            self.replace["ADDRESS"] = found[-1]
        assert (done.returncode != 0) == fails, f"{block} ended with {done.returncode}:\n{block.text}\n{done.stdout}"
        return done.stdout

    def _serve(self, block: Block) -> str:
        self._end_server()
        command = self._edit(block.text).strip().replace("make run", MAKE_RUN)
        if command.startswith("iris-model serve"):
            command += f" --port {self.port}"
        log = (self.directory / "served.log").open("w")
        self.server = server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.directory,
            env=self._environment(),
            stdout=log,
            stderr=log,
            text=True,
        )
        log.close()
        ended = lambda: None if server.poll() is None else (self.directory / "served.log").read_text()  # noqa: E731
        wait_until_accepting("127.0.0.1", self.port, ended, seconds=SERVER_SECONDS)
        self._wait_until_answering()
        return ""

    def _wait_until_answering(self) -> None:
        """Docker's proxy accepts connections before the container listens, so only an answer proves that it runs."""
        deadline = time.monotonic() + SERVER_SECONDS
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
                return
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < deadline, f"no answer from {self.page}"
                time.sleep(0.05)
            finally:
                connection.close()

    def _end_server(self) -> None:
        if self.server is None:
            return
        self.server.terminate()
        deadline = time.monotonic() + WAIT_SECONDS
        while self.server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.server.kill()
        self.server.wait()
        self.server = None

    def _edit(self, text: str) -> str:
        for old, new in self.replace.items():
            text = text.replace(old, new)
        text = re.sub(r"(localhost|127\.0\.0\.1):9000", f"127.0.0.1:{self.port}", text)
        return text.replace("-p 9000:8080", f"-p 127.0.0.1:{self.port}:8080")

    def _environment(self) -> dict[str, str]:
        """The tool and Python as in the reader's virtual environment."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONWARNINGS": "", "DOCKER_BUILDKIT": "0", **self.cloud}


def makefile_run() -> str:
    """What `make run` would start."""
    command = ["make", "--dry-run", "--assume-old=.venv/.installed", "run"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=30).stdout

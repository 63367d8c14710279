"""Run pip, and find out why it found no package: the index may be unreachable, or may not have the package.

pip says the same in both cases ("No matching distribution found"). Only its log (`--log FILE`) shows which index
failed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_NOT_FETCHED = re.compile(r"Could not fetch URL (?P<url>\S+?/)(?P<name>[^/\s]+)/: (?P<reason>.+) - skipping$", re.M)
_INSECURE = re.compile(r"The repository located at (?P<host>\S+) is not a trusted or secure host and is being ignored")
_NOT_THERE = "404 "  # a response of the index: it has no such package
_CAUSE = re.compile(r"\(Caused by \w+\((.+)\)\)$")
_OBJECT = re.compile(r"<[^<>]+>: ")
_USER = re.compile(r"(\w+://)[^\s/?#]+@")
_NO_SOCKS = "Missing dependencies for SOCKS support"


def run_pip(
    arguments: Sequence[str], directory: Path, *, timeout: float | None = None
) -> tuple[subprocess.CompletedProcess[str], tuple[str, str] | None]:
    """Run pip in a directory. Return the ended process, and problem and hint if an index or a proxy failed.

    Without the second, pip's own message in `stderr` is sufficient; its URLs have no user and password. Raises
    subprocess.TimeoutExpired after `timeout` seconds.
    """
    # -P: modules of the project must not replace modules of the standard library while pip runs.
    command = [sys.executable, "-P", "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "pip.log"
        finished = subprocess.run(
            [*command, "--log", str(log)], check=False, cwd=directory, timeout=timeout,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        finished.stderr = hide_user(finished.stderr)  # pip quotes lines of requirements.txt unchanged
        return finished, _index_failure(finished.stderr, log) if finished.returncode else None


def hide_user(text: str) -> str:
    """Return a text whose URLs have no user and password: those of a private index are secret."""
    return _USER.sub(r"\1***@", text)


def _index_failure(said: str, log: Path) -> tuple[str, str] | None:
    if _NO_SOCKS in said:
        return (
            "pip could not ask any index: the proxy of the environment is a SOCKS proxy, which this pip cannot use",
            "Set HTTPS_PROXY to the address of an HTTP proxy, or list the host of the index in NO_PROXY.",
        )
    try:
        logged = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    for found in _NOT_FETCHED.finditer(logged):
        if not found["reason"].startswith(_NOT_THERE):
            return (
                f"pip could not ask the index {hide_user(found['url'])} for {found['name']}: {_short(found['reason'])}",
                "Check the network, HTTPS_PROXY, and the index in pip.conf or PIP_INDEX_URL. Then run the command again.",
            )
    if insecure := _INSECURE.search(logged):
        return (
            f"pip did not ask the index at {insecure['host']}, because its address has no TLS",
            f"Use its https:// address, or set PIP_TRUSTED_HOST={insecure['host']} if you trust the network.",
        )
    return None


def _short(reason: str) -> str:
    """Return the cause, without Python objects and addresses."""
    cause = _CAUSE.search(reason)
    text = _OBJECT.sub("", cause[1].strip("'\"")) if cause else reason.partition(" for url: ")[0]
    return hide_user(text)

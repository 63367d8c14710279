"""Find out why pip found no package: the index may be unreachable, or may not have the package.

pip says the same in both cases ("No matching distribution found"). Only its log (`--log FILE`) shows which index
failed.
"""

from __future__ import annotations

import re
from pathlib import Path

_NOT_FETCHED = re.compile(r"Could not fetch URL (?P<url>\S+?/)(?P<name>[^/\s]+)/: (?P<reason>.+) - skipping$", re.M)
_INSECURE = re.compile(r"The repository located at (?P<host>\S+) is not a trusted or secure host and is being ignored")
_NOT_THERE = "404 "  # a response of the index: it has no such package
_CAUSE = re.compile(r"\(Caused by \w+\((.+)\)\)$")
_OBJECT = re.compile(r"<[^<>]+>: ")
_USER = re.compile(r"(\w+://)[^\s/@]+@")
_NO_SOCKS = "Missing dependencies for SOCKS support"


def index_failure(said: str, log: Path) -> tuple[str, str] | None:
    """Return problem and hint if an index or a proxy failed; None if pip's own message is sufficient.

    `said`: pip's output on stderr. `log`: the file of pip's option `--log`.
    """
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
            url = _USER.sub(r"\1***@", found["url"])
            return (
                f"pip could not ask the index {url} for {found['name']}: {_short(found['reason'])}",
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
    return _USER.sub(r"\1***@", text)

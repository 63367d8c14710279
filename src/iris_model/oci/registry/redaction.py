"""Keeps secrets out of messages. Goes in: any text or URL. Comes out: the same without what could be used by who reads it.

Two nets: URLs lose their user part and every query value that is not known to be harmless (signed storage URLs are passwords
in disguise); and each secret that this process knows is replaced wherever it turns up, even inside a server's answer.
"""

from __future__ import annotations

import re
import threading
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "REDACTED"

_HARMLESS = frozenset({"digest", "mount", "from", "n", "last", "scope", "service", "artifactType"})
_URL = re.compile(r"https?://[^\s'\"<>]+")
_SHORTEST_SECRET = 4  # shorter ones turn up in innocent words


def redact_url(url: str) -> str:
    """A URL fit for a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    query = [(name, value if name in _HARMLESS else HIDDEN) for name, value in parse_qsl(parts.query)]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(query, safe=":/,"), ""))


class Redactor:
    """Knows secrets, and takes them out of texts."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, *secrets: str) -> None:
        """Remember secrets that must never be shown."""
        with self._lock:
            self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)

    def clean(self, text: str) -> str:
        """The text without them."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return _URL.sub(lambda found: redact_url(found[0]), text)

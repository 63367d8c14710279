"""Remove secrets from messages.

URLs lose their user part and every query value that is not known to be harmless, because signed storage URLs grant
access. Each known secret is replaced too, even inside a server's response.
"""

from __future__ import annotations

import re
import threading
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "REDACTED"

_HARMLESS = frozenset({"digest", "mount", "from", "n", "last", "scope", "service", "artifactType"})
_URL = re.compile(r"https?://[^\s'\"<>]+")
_SHORTEST_SECRET = 4  # shorter ones occur in ordinary words


def redact_url(url: str) -> str:
    """Return a URL without secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    host = parts.netloc.rpartition("@")[2]
    query = [(name, value if name in _HARMLESS else HIDDEN) for name, value in parse_qsl(parts.query)]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(query, safe=":/,"), ""))


class Redactor:
    """Knows secrets, and removes them from text."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, *secrets: str) -> None:
        """Add secrets that must never be shown."""
        with self._lock:
            self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)

    def clean(self, text: str) -> str:
        """Return the text without secrets."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return _URL.sub(lambda found: redact_url(found[0]), text)

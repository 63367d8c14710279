"""The files of the page: read once, served with a media type, an ETag and a strict content security policy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parents[1] / "page"
INDEX = "index.html"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

# The page loads nothing from other sites, cannot be framed, and never interprets text as markup: answers of a function
# and content of a model file are not trusted.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # The browser caches the files but revalidates them each time, so that it shows a new version of this tool at once.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class PageFile:
    """One file, ready to send."""

    body: bytes
    media_type: str
    etag: str


def read_page_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """Return all files of the page by name. Other paths cannot be requested."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            files[path.name] = PageFile(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:32])
    return files


def answer_file(request: web.Request, file: PageFile, headers: Mapping[str, str] = HEADERS) -> web.Response:
    """Return 200 with the file, or 304 if the client has it."""
    if any(each.value in (file.etag, "*") for each in request.if_none_match or ()):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=file.body, content_type=file.media_type, charset="utf-8", headers=headers)
    response.etag = file.etag
    return response

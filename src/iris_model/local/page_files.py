"""The files of the page: read once, served with their type, a validator, and a policy that lets nothing else in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "page"
INDEX = "index.html"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

# The page loads nothing from elsewhere, is framed by nobody, and never makes markup of text: what a function answers and
# what a model file says are shown, not trusted.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Kept by the browser, but asked for each time: a new version of this tool shows at once.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True)
class PageFile:
    """One file, as it is sent."""

    body: bytes
    media_type: str
    etag: str


def read_page_files(folder: Path = FOLDER) -> dict[str, PageFile]:
    """All files of the page by name. What is not in here cannot be asked for, whatever the path says."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            files[path.name] = PageFile(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:32])
    return files


def answer_file(request: web.Request, file: PageFile) -> web.Response:
    """200 with the file, or 304 for who has it."""
    if any(each.value in (file.etag, "*") for each in request.if_none_match or ()):
        response = web.Response(status=304, headers=HEADERS)
    else:
        response = web.Response(body=file.body, content_type=file.media_type, charset="utf-8", headers=HEADERS)
    response.etag = file.etag
    return response

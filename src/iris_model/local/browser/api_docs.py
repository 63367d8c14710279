"""The OpenAPI document of a function, and Swagger UI for it at `/docs`.

Swagger UI has 2 MB, so it is not in this package: the extra `swagger` installs a package with its files. They are only read;
nothing of it is imported.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiohttp import web

from iris_model.local.browser.files import HEADERS, PageFile, answer_file, read_page_files
from iris_model.local.configuration.page_sources import NotShown
from iris_model.local.functions.function import LocalFunction

FOLDER = Path(__file__).parents[1] / "api_docs"
INDEX, MISSING = "index.html", "missing.html"
SWAGGER_PACKAGE = "flask_swagger_ui"
_SWAGGER_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

# Swagger UI writes styles into its elements, and has pictures as data.
DOCS_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


class ApiDocs:
    """The files of the documentation, and the documents of the functions."""

    def answer(self, request: web.Request, name: str) -> web.Response | None:
        """Return a file; None for an unknown name. Without Swagger UI, its page explains how to install it."""
        swagger = read_swagger_files()
        if name == INDEX and not swagger:
            name = MISSING
        file = {**_own_files(), **swagger}.get(name)
        return None if file is None else answer_file(request, file, DOCS_HEADERS)

    async def describe(self, function: LocalFunction, server: str) -> Mapping[str, Any]:
        """Return the OpenAPI document of a function. `server`: the address of this service. Raises NotShown."""
        settings = function.settings
        describe = settings.page.describe_api
        if describe is None:
            raise NotShown(f"the function {settings.name} has no model, so its requests cannot be described")
        return await asyncio.to_thread(describe, settings.directory, server)


@cache
def _own_files() -> dict[str, PageFile]:
    return read_page_files(FOLDER)


@cache
def read_swagger_files() -> dict[str, PageFile]:
    """Return the files of Swagger UI by name; empty if the extra `swagger` is not installed."""
    spec = find_spec(SWAGGER_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(next(iter(spec.submodule_search_locations))) / "dist"
    files = {}
    try:
        for name, media_type in _SWAGGER_FILES.items():
            body = (folder / name).read_bytes()
            files[name] = PageFile(body, media_type, hashlib.sha256(body).hexdigest()[:32])
    except OSError:
        return {}
    return files

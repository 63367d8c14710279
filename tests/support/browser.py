"""Chromium as Debian packages it, driven by Playwright; and the functions that the page is shown with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from iris_model.compiler import compile_model
from tests.support.requirement import Missing

PATHS = ("chromium", "chromium-browser")
ARGUMENTS = (
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 20_000  # far above what any step needs, on a machine that does other things too


@contextmanager
def launch() -> Iterator[Any]:
    """A browser with a profile of its own."""
    found = next(filter(None, map(shutil.which, PATHS)), None)
    if found is None:
        raise Missing("there is no Chromium: apt-get install chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Missing(f"Playwright is not installed: {error}") from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def lay_model(directory: Path, estimator: Any, rows: Any = None, example: Any = None) -> Path:
    """A function directory around an estimator, as the page and the runtime look at it."""
    directory.mkdir(parents=True)
    compilation = compile_model(estimator, data=rows)
    (directory / "model.safetensors").write_bytes(compilation.data)
    (directory / "function.json").write_text(json.dumps({"model": "model.safetensors", "executor": "compiled"}))
    golden = [{"row": example}] if example is not None else compilation.golden
    (directory / "golden.json").write_text(json.dumps(golden))
    lay_handler(directory)
    return directory


def lay_handler(directory: Path) -> None:
    """The handler that `init` writes."""
    (directory / "app.py").write_text(
        'from iris_model.runtime import Model\n\nmodel = Model.load("model")\n\n\n'
        "def handler(event, context):\n    return model.answer(event)\n"
    )

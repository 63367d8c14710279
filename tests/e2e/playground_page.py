"""The page in a browser, as the tests of the playground see it: opened, watched, asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.support.browser import WAIT_MS

# Chromium aborts its requests, also those to loopback, when the machine gets another network interface. Each container that
# other tests start adds one.
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
network_changes: list[str] = []
"""The messages of Chromium, in this process."""


@dataclass
class Opened:
    """A page, and what it did that no test asked for."""

    page: Any
    url: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def note(self, message: Any) -> None:
        """Keep what the browser says in its console."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
            if NETWORK_CHANGED in message.text:
                network_changes.append(message.text)

    def ask(self) -> str:
        """Press the button; the text of the answer."""
        self.page.evaluate("document.getElementById('answer-body').replaceChildren()")
        self.page.click("#send")
        self.page.wait_for_selector("#answer-body:not([aria-busy]) > *")
        return str(self.page.inner_text("#answer-body"))

    def until(self, expression: str) -> None:
        """Wait until the condition is true. Playwright's own wait evaluates strings in the page, which its policy forbids."""
        deadline = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.02)

    def choose_event(self, value: str) -> None:
        """A test event, by `project:NAME` or `browser:NAME`."""
        self.page.select_option("#event-choice", value)
        told = json.dumps(f"Test event {value.partition(':')[2]} loaded")
        self.until(f"document.getElementById('announcer').textContent === {told}")


@contextmanager
def opened(browser: Any, url: str, *, expects_failures: bool = False, **context: Any) -> Iterator[Opened]:
    """The page at `url`. At the end, checks that it called only the service, and that the browser logged no error."""
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
    page = made.new_page()
    page.set_default_timeout(WAIT_MS)
    shown = Opened(page, url)
    page.on("console", shown.note)
    page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    page.on("request", lambda request: shown.hosts.add(urlsplit(request.url).netloc))
    try:
        page.goto(url)
        shown.until("document.getElementById('name').textContent.trim() !== ''")
        yield shown
        assert shown.hosts == {urlsplit(url).netloc}
        if expects_failures:  # the browser notes every answer of status 400 and more
            shown.complaints = [text for text in shown.complaints if "Failed to load resource" not in text]
        assert shown.complaints == []
    finally:
        made.close()

"""Firefox, driven over its own socket in the protocol WebDriver BiDi (https://w3c.github.io/webdriver-bidi/).

Playwright has its own build of Firefox, which Debian does not; this is the one that people use.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

START_SECONDS = 120
ANSWER_SECONDS = 60
# Names in the protocol of keys without a character.
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "ArrowDown": "\ue015", "ArrowRight": "\ue014", "Shift": "\ue008"}
# Nothing is fetched, and nothing is shown, but the page. Numbers: 0 is dark, 1 is light.
PREFERENCES = {
    "layout.css.prefers-color-scheme.content-override": 1,
    "ui.prefersReducedMotion": 1,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.server": "",
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,",
}


def find_firefox() -> str | None:
    """Return the path of Firefox, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One browser with one tab. `complaints`: errors and warnings of the page; `hosts`: those that it asked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, loop: asyncio.AbstractEventLoop) -> None:
        self._socket, self._loop, self._last = socket, loop, 0
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        # Without a screen, the first window never gets the focus, so no element would show that it has it.
        self._tab = self.call("browsingContext.create", type="window")["context"]

    def call(self, method: str, **parameters: Any) -> Any:
        """Send a command; return its result. Raises AssertionError with the browser's message."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), ANSWER_SECONDS))

    async def _call(self, method: str, parameters: dict[str, Any]) -> Any:
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._last:
                assert message["type"] == "success", f"{method}: {message.get('message')}"
                return message["result"]
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        found = event.get("params", {})
        if event.get("method") == "log.entryAdded" and found["level"] in ("error", "warn"):
            self.complaints.append(str(found["text"]))
        if event.get("method") == "network.beforeRequestSent":
            address = urlsplit(found["request"]["url"])
            if address.scheme in ("http", "https", "ws", "wss"):
                self.hosts.add(address.netloc)

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.call("browsingContext.activate", context=self._tab)
        self.call("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page's window in CSS pixels."""
        self.call("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def run(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which may be a promise, through JSON."""
        text = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        found = self.call("script.evaluate", expression=text, target={"context": self._tab}, awaitPromise=True)
        assert found["type"] == "success", found.get("exceptionDetails", {}).get("text")
        return json.loads(found["result"]["value"])

    def load(self, script: str) -> None:
        """Run a script in the page."""
        found = self.call("script.evaluate", expression=script, target={"context": self._tab}, awaitPromise=False)
        assert found["type"] == "success", found.get("exceptionDetails", {}).get("text")

    def until(self, expression: str, seconds: float = ANSWER_SECONDS) -> None:
        """Wait until the expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: names of `KEYS`, or characters. "Shift+Tab" holds Shift."""
        actions: list[dict[str, str]] = []
        for key in keys:
            *held, pressed = [KEYS.get(each, each) for each in key.split("+")]
            actions += [{"type": "keyDown", "value": each} for each in (*held, pressed)]
            actions += [{"type": "keyUp", "value": each} for each in (pressed, *held)]
        device = {"type": "key", "id": "keyboard", "actions": actions}
        self.call("input.performActions", context=self._tab, actions=[device])

    def click(self, selector: str) -> None:
        """Scroll an element into view and click its middle."""
        x, y = self.run(
            f"""(() => {{ const each = document.querySelector({json.dumps(selector)});
            each.scrollIntoView({{ block: "center" }}); const box = each.getBoundingClientRect();
            return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]; }})()"""
        )
        moves = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.call(
            "input.performActions", context=self._tab, actions=[{"type": "pointer", "id": "mouse", "actions": moves}]
        )

    def fill(self, selector: str, value: str) -> None:
        """Set the value of a field as typing does: with the events `input` and `change`."""
        self.run(
            f"""(() => {{ const each = document.querySelector({json.dumps(selector)}); each.value = {json.dumps(value)};
            for (const name of ["input", "change"]) each.dispatchEvent(new Event(name, {{ bubbles: true }})); }})()"""
        )

    def draw(self, path: Path) -> None:
        """Write a picture of the whole page."""
        found = self.call("browsingContext.captureScreenshot", context=self._tab, origin="document")
        path.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def running_firefox(**preferences: Any) -> Iterator[Firefox]:
    """Start Firefox with an empty profile; stop it at the end. `preferences` replace those of `PREFERENCES`."""
    program = find_firefox()
    assert program, "Firefox is not installed"
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory(prefix="iris-model-firefox-", ignore_cleanup_errors=True) as profile:
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});"
            for name, value in {**PREFERENCES, **preferences}.items()
        ]
        Path(profile, "user.js").write_text("\n".join(lines))
        log = Path(profile, "log")
        command = [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with log.open("wb") as output:
            process = subprocess.Popen([*command, "about:blank"], stdout=output, stderr=subprocess.STDOUT)
        try:
            address = _wait_for_address(process, log)
            session = loop.run_until_complete(_open_session())
            try:
                socket = loop.run_until_complete(session.ws_connect(f"{address}/session", max_msg_size=0))
                yield Firefox(socket, loop)
            finally:
                loop.run_until_complete(session.close())
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            loop.close()


async def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text(errors="replace")):
            return found[1]
        assert process.poll() is None, log.read_text(errors="replace")
        time.sleep(0.1)
    raise AssertionError(f"Firefox did not start within {START_SECONDS} s")

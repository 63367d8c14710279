"""The page in Firefox: the same flows as in Chromium, the keyboard alone, axe-core, and widths from a phone to 4K."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest

from iris_model.cli.sources.function import find_function
from tests.e2e.test_playground_access import RULES
from tests.local.conftest import make_settings
from tests.support.firefox import Firefox, find_firefox, running_firefox
from tests.support.local_service import RunningService, running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(find_firefox() is None, reason="Firefox is not installed: apt-get install firefox-esr"),
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
ANSWER = "document.querySelector('#answer-body:not([aria-busy]) > *')"
FOCUS = (
    "(document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName)"
)
WIDTHS = {360: 800, 768: 1024, 1366: 768, 3840: 2160}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    project = tmp_path_factory.mktemp("iris") / "iris"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    functions = [find_function(project, lambda step: None), make_settings(name="other", timeout_seconds=1)]
    with running(functions) as running_service:
        yield running_service


@pytest.fixture(scope="module", params=["light", "dark"])
def firefox(request: pytest.FixtureRequest) -> Iterator[Firefox]:
    shade = {"light": 1, "dark": 0}[request.param]
    with running_firefox(**{"layout.css.prefers-color-scheme.content-override": shade}) as browser:
        yield browser


@pytest.fixture
def page(firefox: Firefox, service: RunningService) -> Iterator[Firefox]:
    """The page, without an answer. At the end: it asked nobody but the service, and the browser had nothing to say."""
    firefox.resize(1280, 900)
    firefox.complaints.clear()
    firefox.hosts.clear()
    firefox.open(service.url)
    firefox.until("document.getElementById('name').textContent.trim() !== ''")
    yield firefox
    assert firefox.hosts == {urlsplit(service.url).netloc}
    assert [text for text in firefox.complaints if "status code" not in text] == []


def ask(page: Firefox) -> str:
    page.run("document.getElementById('answer-body').replaceChildren()")
    page.click("#send")
    page.until(ANSWER)
    return str(page.run("document.getElementById('answer-body').innerText"))


def answered(page: Firefox) -> None:
    ask(page)
    page.until("document.querySelector('#measures:not([hidden])')")
    page.until("document.querySelector('#scatter .region')")
    page.until("document.querySelector('#why .contributions')")


def refused(page: Firefox) -> None:
    page.fill("#event-choice", "project:bad-text")
    page.until("document.getElementById('announcer').textContent.includes('bad-text')")
    ask(page)


def outside(page: Firefox) -> None:
    answered(page)
    before = page.run("document.querySelector('.prediction').textContent")
    page.fill("#column-2", "9.5")
    page.until(f"document.querySelector('.prediction')?.textContent !== {json.dumps(before)}")
    # While it waits, an answer is pale.
    page.until("getComputedStyle(document.getElementById('answer-body')).opacity === '1'")


def failed(page: Firefox) -> None:
    page.fill("#function", "other")
    page.fill("#event", '{"do": "fail"}')
    ask(page)
    page.until("document.querySelector('#log li.failed')")


STATES: dict[str, Callable[[Firefox], None]] = {
    "empty": lambda page: None,
    "answered": answered,
    "refused": refused,
    "outside": outside,
    "failed": failed,
}


@pytest.mark.parametrize("state", STATES)
def test_every_state(page: Firefox, state: str, request: pytest.FixtureRequest) -> None:
    """axe-core finds nothing, and no width needs sideways scrolling."""
    STATES[state](page)
    scheme = request.node.callspec.params["firefox"]
    page.load(AXE.read_text(encoding="utf-8"))
    options = json.dumps({"runOnly": RULES["runOnly"]})
    violations = page.run(f"axe.run(document, {options}).then((found) => found.violations)")
    assert [(each["id"], [node["html"][:160] for node in each["nodes"][:3]]) for each in violations] == []
    for width, height in WIDTHS.items():
        page.resize(width, height)
        keep_picture(page, f"firefox-{state}-{scheme}-{width}")
        assert page.run("document.documentElement.scrollWidth") <= width


def test_the_answer_follows_the_form(page: Firefox) -> None:
    answered(page)
    page.fill("#column-2", "6.5")
    page.fill("#column-3", "2.3")
    page.until("document.querySelector('.prediction')?.textContent.trim() === 'virginica'")
    page.until("document.querySelector('#way-form') && document.body.innerText.includes('[5.1,3.5,6.5,2.3]')")


def test_the_keyboard_alone(page: Firefox) -> None:
    page.press("Tab")
    page.until("document.activeElement.textContent === 'Skip to the form'")
    page.press("Enter")
    seen = []
    while "send" not in seen:
        page.press("Tab")
        seen.append(page.run(FOCUS))
        outline = page.run(
            "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.outlineWidth; })()"
        )
        assert outline == "solid2px", seen[-1]
        assert len(seen) < 40, seen
    page.press("Enter")
    page.until("document.querySelector('.prediction')")


def keep_picture(page: Firefox, name: str) -> None:
    """For who wants to look: IRIS_MODEL_PICTURES names a folder."""
    if folder := os.environ.get("IRIS_MODEL_PICTURES"):
        page.draw(Path(folder, f"{name}.png"))

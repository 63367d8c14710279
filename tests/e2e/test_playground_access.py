"""The page for everybody: axe-core finds nothing in any state, in light and dark; narrow screens need no sideways scrolling."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from iris_model.cli.sources.function import find_function
from tests.e2e.playground_page import Opened, opened
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running

pytestmark = pytest.mark.e2e
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
# WCAG 2.2 AA, contrast included, and what axe calls best practice.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def service() -> Iterator[RunningService]:
    functions = [find_function(EXAMPLE, lambda step: None), make_settings(name="other", timeout_seconds=1)]
    with running(functions) as running_service:
        yield running_service


def answered(page: Opened) -> None:
    page.ask()
    page.page.wait_for_selector("#measures:not([hidden])")
    page.page.wait_for_selector("#scatter .region")
    page.page.wait_for_selector("#why .contributions")


def scored(page: Opened) -> None:
    rows = {"name": "rows.csv", "mimeType": "text/csv", "buffer": b"5.1,3.5,1.4,0.2\n7,3.2,4.7,1.4\n"}
    page.page.set_input_files("#csv-file", rows)
    page.page.wait_for_selector(".download")


def saving(page: Opened) -> None:
    answered(page)
    page.page.click("#event-save")
    page.page.check("#expect")


def table(page: Opened) -> None:
    page.choose_event("project:batch")
    page.ask()


def refused(page: Opened) -> None:
    page.choose_event("project:bad-text")
    page.ask()
    page.page.click("#event-save")
    page.page.click("#save-browser")


def wrong_field(page: Opened) -> None:
    page.page.fill("#column-1", "wide")
    page.page.click("#send")


def outdated(page: Opened) -> None:
    page.page.uncheck("#live")
    answered(page)
    page.page.fill("#column-2", "9.5")


def failed(page: Opened) -> None:
    page.page.select_option("#function", "other")
    page.page.fill("#event", '{"do": "fail"}')
    page.ask()
    page.page.click("#answer-body summary")
    page.page.wait_for_selector("#log li.failed")


STATES: dict[str, Callable[[Opened], None]] = {
    "answered": answered,
    "scored": scored,
    "saving": saving,
    "table": table,
    "refused": refused,
    "wrong-field": wrong_field,
    "outdated": outdated,
    "failed": failed,
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, service: RunningService, state: str, scheme: str) -> None:
    with opened(browser, service.url, color_scheme=scheme, reduced_motion="reduce", expects_failures=True) as page:
        STATES[state](page)
        keep_picture(page, f"{state}-{scheme}")
        found = Axe().run(page.page, options={"runOnly": RULES["runOnly"]})
        assert [describe(violation) for violation in found.response["violations"]] == []


def describe(violation: Any) -> str:
    nodes = [f"{node['html'][:160]} {node['failureSummary']}" for node in violation["nodes"][:3]]
    return f"{violation['id']}: {violation['help']}: {nodes}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [320, 360, 700])
def test_no_sideways_scrolling(browser: Any, service: RunningService, state: str, width: int) -> None:
    with opened(browser, service.url, viewport={"width": width, "height": 800}, expects_failures=True) as page:
        STATES[state](page)
        keep_picture(page, f"{state}-{width}")
        assert page.page.evaluate("document.documentElement.scrollWidth") == width
        beyond = """all => all.filter(each => each.getBoundingClientRect().right > innerWidth + 1)
          .filter(each => !each.closest('pre, .log')).map(each => each.outerHTML)"""
        assert page.page.eval_on_selector_all("main *", beyond) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_marks_can_be_seen(browser: Any, service: RunningService, scheme: str) -> None:
    # 3:1 against the ground for what is no text (WCAG 1.4.11), which axe does not look at.
    with opened(browser, service.url, color_scheme=scheme) as page:
        tokens = [f"--series-{index}" for index in range(6)] + ["--edge", "--accent", "--warn", "--series-none"]
        for token in tokens:
            ratio = page.page.evaluate(CONTRAST, [token, "--surface"])
            assert ratio >= 3, (token, ratio)


def test_motion_is_reduced_when_asked(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url, reduced_motion="reduce") as page:
        page.ask()
        assert page.page.eval_on_selector(".bars .fill", "each => getComputedStyle(each).transitionProperty") in (
            "none",
            "all",
        )
        assert page.page.eval_on_selector(".bars .fill", "each => getComputedStyle(each).transitionDuration") == "0s"


def test_focus_is_seen(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url) as page:
        stops = 0
        # As many as there are: the log is one only where something was asked before. After the last the page has no focus.
        while True:
            page.page.keyboard.press("Tab")
            if page.page.evaluate("document.activeElement === document.body"):
                break
            stops += 1
            seen = page.page.evaluate(
                "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.outlineWidth; })()"
            )
            assert seen == "solid2px", page.page.evaluate("document.activeElement.outerHTML")
            assert stops < 60
        assert stops > 15


def keep_picture(page: Opened, name: str) -> None:
    """For who wants to look: IRIS_MODEL_PICTURES names a folder."""
    if folder := os.environ.get("IRIS_MODEL_PICTURES"):
        page.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


CONTRAST = """([one, other]) => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (token) => {
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(token);
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""

"""The answer card of the page in Chromium: it covers nothing, comes into view, becomes outdated, and follows the form."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.cli.sources.function import find_function
from tests.e2e.playground_page import Opened, opened
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running

pytestmark = pytest.mark.e2e
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
# A text of JavaScript that Opened.until and Page.evaluate take: each pair of panels that cover one another.
OVERLAPS = """(() => {
  const boxes = [...document.querySelectorAll("main .panel")].map(each => [each.id, each.getBoundingClientRect()]);
  return boxes.flatMap(([one, a]) => boxes.filter(([other, b]) => one < other &&
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
    .map(([other]) => `${one} and ${other}`));
})()"""

BURST = """field => {
  for (let value = 40; value < 60; value += 1) {
    field.value = String(value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    project = tmp_path_factory.mktemp("iris") / "iris"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    functions = [find_function(project, lambda step: None), make_settings(name="other")]
    with running(functions) as running_service:
        yield running_service


def lay_form(directory: Path, columns: list[dict[str, Any]], body: str = "return event['body']") -> Path:
    """A function whose form has these columns."""
    directory.mkdir()
    signature = {"columns": columns, "named": True, "task": "regressor", "classes": None, "outputs": {}}
    (directory / "function.json").write_text(json.dumps({"model": "m.pkl", "executor": "original"}))
    (directory / "m.signature.json").write_text(json.dumps({"signature": signature, "source": {}}))
    (directory / "app.py").write_text(f"import time\n\n\ndef handler(event, context):\n    {body}\n")
    return directory


@pytest.mark.parametrize("size", [(1366, 900), (1440, 1000), (1920, 1080)])
def test_the_answer_covers_nothing_while_scrolling(
    browser: Any, service: RunningService, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    with opened(browser, service.url, viewport=viewport, reduced_motion="reduce") as page:
        page.page.wait_for_selector("#scatter .asked")
        page.ask()
        page.page.wait_for_selector("#measures:not([hidden])")
        page.page.wait_for_selector("#cost:not([hidden])")
        for place in range(0, page.page.evaluate("document.documentElement.scrollHeight"), 150):
            page.page.evaluate(f"scrollTo(0, {place})")
            page.until(f"{OVERLAPS}.length === 0")  # on a busy machine a panel follows the scrolling a frame later


def test_the_answer_stays_in_view_next_to_a_long_form(browser: Any, tmp_path: Path) -> None:
    columns = [{"name": f"f{index}", "kind": "numeric", "minimum": 0.0, "maximum": 1.0} for index in range(20)]
    settings = make_settings(directory=lay_form(tmp_path / "long", columns))
    with running(settings) as service, opened(browser, service.url, viewport={"width": 1366, "height": 700}) as page:
        page.ask()
        page.page.focus("#column-19")
        page.until("document.getElementById('answer').getBoundingClientRect().top >= 0")
        assert page.page.evaluate(OVERLAPS) == []


def test_next_to_a_tall_answer_its_summary_is_next_to_the_button(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url, viewport={"width": 1366, "height": 600}, reduced_motion="reduce") as page:
        page.page.wait_for_selector("#scatter .asked")
        assert page.page.is_hidden("#brief")
        page.ask()
        page.page.evaluate("scrollTo(0, 400)")
        page.page.wait_for_selector("#brief:visible")
        assert page.page.inner_text("#brief").startswith("setosa, ")
        page.page.evaluate("scrollTo(0, 0)")
        page.page.wait_for_selector("#brief", state="hidden")


def test_on_a_phone_the_answer_comes_into_view(browser: Any, service: RunningService) -> None:
    phone = {"width": 360, "height": 740}
    with opened(browser, service.url, viewport=phone, reduced_motion="reduce") as page:
        page.page.wait_for_selector("#scatter .asked")
        assert page.page.evaluate("document.getElementById('answer').getBoundingClientRect().top") > 740
        page.ask()
        box = page.page.locator(".prediction").bounding_box()
        assert 0 < box["y"] < 740 - box["height"]
        assert page.page.inner_text("#announcer").startswith("Prediction: ")
        page.page.evaluate("scrollTo(0, 0)")
        brief = page.page.locator("#brief")
        assert brief.inner_text().startswith("setosa, ")
        assert brief.bounding_box()["y"] < 740, "the summary stays at the bottom edge"


def test_an_old_answer_is_marked(page: Opened) -> None:
    page.page.uncheck("#live")
    page.ask()
    assert page.page.is_hidden("#outdated")
    before = page.page.input_value("#column-0")
    page.page.fill("#column-0", "7.1")
    assert page.page.is_visible("#outdated")
    assert page.page.is_hidden("#took")
    page.page.fill("#column-0", before)
    assert page.page.is_hidden("#outdated"), "the answer is to these values again"
    page.page.fill("#column-0", "7.1")
    page.ask()
    assert page.page.is_hidden("#outdated")
    assert page.page.inner_text("#took").endswith(" ms round trip")
    page.page.click("#way-event")
    page.page.fill("#event", "[1]")
    assert page.page.is_visible("#outdated")
    page.page.select_option("#function", "other")
    assert page.page.inner_text("#answer-body") == "No request yet."
    assert page.page.is_hidden("#outdated")


def test_the_answer_follows_the_form(page: Opened) -> None:
    page.page.fill("#column-2", "6.5")
    page.page.fill("#column-3", "2.3")
    page.until("document.querySelector('.prediction')?.textContent.trim() === 'virginica'")
    assert page.page.evaluate("document.activeElement.id") == "column-3", "the focus stays"
    page.page.focus("#fields input[type=range] >> nth=2")
    page.page.keyboard.press("Home")
    page.page.focus("#fields input[type=range] >> nth=3")
    page.page.keyboard.press("Home")
    page.until("document.querySelector('.prediction')?.textContent.trim() === 'setosa'")
    page.until("document.getElementById('announcer').textContent.startsWith('Prediction: setosa')")
    page.page.fill("#column-3", "wide")
    page.until("!document.getElementById('outdated').hidden")
    assert page.page.inner_text(".prediction").strip() == "setosa", "half a value is not sent"


def test_switched_off_it_stays_off(page: Opened, service: RunningService) -> None:
    page.page.uncheck("#live")
    page.page.reload()
    page.page.wait_for_selector("#scatter .asked")
    assert not page.page.is_checked("#live")
    count = len(service.lines)
    page.page.fill("#column-0", "6.2")
    time.sleep(0.6)
    assert len(service.lines) == count
    page.page.check("#live")
    page.page.wait_for_selector(".prediction")


def test_many_changes_are_one_request_at_a_time(browser: Any, tmp_path: Path) -> None:
    columns = [{"name": "a", "kind": "numeric", "minimum": 0.0, "maximum": 100.0}]
    settings = make_settings(directory=lay_form(tmp_path / "slow", columns, "time.sleep(0.15); return event['body']"))
    with running(settings) as service, opened(browser, service.url) as page:
        for value in range(20):
            page.page.fill("#column-0", str(value))
            time.sleep(0.05)
        page.until("document.getElementById('answer-body').textContent.replace(/\\s/g, '') === '[19]'")
        (function,) = service.request("GET", "/_local/functions").json()["functions"]
        assert function["sandboxes"] == 1
        count = sum(line.startswith("START ") for line in service.lines)
        page.page.eval_on_selector("#column-0", BURST)
        page.until("document.getElementById('answer-body').textContent.replace(/\\s/g, '') === '[59]'")
        assert sum(line.startswith("START ") for line in service.lines) == count + 1


def test_a_slow_function_switches_it_off(browser: Any, tmp_path: Path) -> None:
    columns = [{"name": "a", "kind": "numeric", "minimum": 0.0, "maximum": 100.0}]
    settings = make_settings(directory=lay_form(tmp_path / "slow", columns, "time.sleep(0.9); return event['body']"))
    with running(settings) as service, opened(browser, service.url) as page:
        for value in (1, 2):
            page.page.fill("#column-0", str(value))
            page.until(f"document.getElementById('answer-body').textContent.replace(/\\s/g, '') === '[{value}]'")
        page.until("!document.getElementById('live').checked")
        assert "Switched off: the last answer took" in page.page.inner_text("#live-told")
        page.page.check("#live")
        for value in (3, 4):
            page.page.fill("#column-0", str(value))
            page.until(f"document.getElementById('answer-body').textContent.replace(/\\s/g, '') === '[{value}]'")
        assert page.page.is_checked("#live"), "who wants it for a slow function keeps it"


def test_values_outside_training_are_marked(page: Opened) -> None:
    page.page.fill("#column-2", "9.5")
    assert page.page.inner_text("#column-2-note") == "Outside the training range: 1 to 6.9 in training"
    assert "outside" in page.page.get_attribute("#column-2-note", "class")
    assert page.page.get_attribute("#column-2", "aria-invalid") is None, "the model answers it"
    page.page.fill("#column-2", "6.9")
    assert page.page.inner_text("#column-2-note") == "1 to 6.9 in training"


def test_the_address_leads_back(browser: Any, page: Opened, service: RunningService) -> None:
    page.page.fill("#column-0", "6.6")
    page.until("location.hash.includes('6.6')")
    address = page.page.evaluate("location.href")
    page.page.select_option("#function", "other")
    page.until("location.hash.includes('function=other')")
    page.page.fill("#event", '{"a": "ä & b"}')
    page.until("location.hash.includes('%26')")
    other = page.page.evaluate("location.href")
    count = len(service.lines)
    with opened(browser, address) as again:
        assert again.page.inner_text("#name") == "iris-prediction"
        assert again.page.input_value("#column-0") == "6.6"
    with opened(browser, other) as again:
        assert again.page.inner_text("#name") == "other"
        assert again.page.input_value("#event") == '{"a": "ä & b"}'
        assert again.page.input_value("#function") == "other"
    with opened(browser, f"{service.url}/#function=nobody&row=[1]") as again:
        assert again.page.inner_text("#name") == "iris-prediction"
    time.sleep(0.4)
    assert [line for line in service.lines[count:] if line.startswith("START ")] == [], "a link invokes nothing"


def test_whole_numbers_and_truth_values(browser: Any, tmp_path: Path) -> None:
    columns = [
        {"name": "rooms", "kind": "numeric", "dtype": "int64", "minimum": 1.0, "maximum": 8.0},
        {"name": "garden", "kind": "categorical", "dtype": "bool", "categories": [0.0, 1.0]},
        {"name": "balcony", "kind": "numeric", "dtype": "bool", "minimum": 0.0, "maximum": 1.0},
    ]
    settings = make_settings(directory=lay_form(tmp_path / "house", columns))
    with running(settings) as service, opened(browser, service.url) as page:
        assert page.page.inner_text("#column-0-note") == "1 to 8 in training"
        page.page.focus("#fields input[type=range]")
        page.page.keyboard.press("Home")
        page.page.keyboard.press("ArrowRight")
        assert page.page.input_value("#column-0") == "2"
        page.page.select_option("#column-1", label="true")
        page.page.select_option("#column-2", label="false")
        assert "'[2,true,false]'" in page.page.text_content("#code-curl")
        assert json.loads(page.ask()) == [2, True, False]
        page.page.fill("#column-0", "2.5")
        assert page.page.inner_text("#column-0-note") == "Not a whole number, as all values in training"

"""What the page shows of the model in Chromium: decisions, contributions, names of classes; files and expected answers."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.cli.sources.function import find_function
from tests.e2e.playground_page import Opened, opened
from tests.support.local_service import RunningService, running

pytestmark = pytest.mark.e2e
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
LABELS = '\n[labels]\nsetosa = "bristle-pointed iris"\nvirginica = "blue flag"\n'
DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/csv" }));
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("iris") / "iris"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    settings = project / "iris-model.toml"
    settings.write_text(settings.read_text() + LABELS)
    return project


@pytest.fixture(scope="module")
def service(project: Path) -> Iterator[RunningService]:
    with running(find_function(project, lambda step: None)) as running_service:
        yield running_service


@pytest.fixture
def page(browser: Any, service: RunningService) -> Iterator[Opened]:
    with opened(browser, service.url) as page:
        page.page.wait_for_selector("#scatter .asked")
        yield page


def test_the_plot_shows_decision_regions_behind_the_points(page: Opened, service: RunningService) -> None:
    page.page.wait_for_selector("#scatter .region")
    assert not any(line.startswith("START ") for line in service.lines), "the picture invokes nothing"
    kinds = "new Set([...document.querySelectorAll('.region')].map(each => each.getAttribute('class'))).size"
    assert page.page.evaluate(kinds) == 3
    before = page.page.inner_html("#scatter .regions")
    page.page.fill("#column-0", "7.9")
    page.until(f"document.querySelector('#scatter .regions')?.innerHTML !== {json.dumps(before)}")
    page.page.uncheck("#regions")
    assert page.page.locator("#scatter .region").count() == 0
    page.page.reload()
    page.page.wait_for_selector("#scatter .asked")
    assert not page.page.is_checked("#regions")
    page.page.check("#regions")
    page.page.wait_for_selector("#scatter .region")


def test_why(page: Opened, service: RunningService) -> None:
    assert page.page.is_hidden("#why")
    page.ask()
    page.page.wait_for_selector("#why .contributions li")
    assert page.page.locator("#why .contributions li").count() == 4
    said = page.page.inner_text("#why .sum")
    assert said.startswith("Score of bristle-pointed iris before softmax: ")
    names = page.page.locator("#why .bar-name").all_inner_texts()
    body = json.dumps({"row": [5.1, 3.5, 1.4, 0.2]}).encode()
    path = "/_local/functions/iris-prediction/explanation"
    found = service.request("POST", path, body, {"Content-Type": "application/json"}).json()["contributions"]
    assert names == [each["name"] for each in sorted(found, key=lambda each: -abs(each["value"]))]
    page.page.click("#way-event")
    page.page.fill("#event", "[5.1, 3.5, 1.4, 0.2]")
    page.ask()
    page.until("document.getElementById('why').hidden")


def test_classes_have_names(page: Opened, service: RunningService) -> None:
    answer = page.ask()
    assert answer.startswith("bristle-pointed iris")
    assert "class setosa" in answer
    assert page.page.locator(".bars .bar-name").all_inner_texts() == ["bristle-pointed iris", "versicolor", "blue flag"]
    legend = page.page.locator("#scatter .legend li").all_inner_texts()
    assert legend == ["bristle-pointed iris", "versicolor", "blue flag"]
    assert service.lambda_ is not None
    answered = service.request("POST", "/default/iris-prediction", b"[5.1, 3.5, 1.4, 0.2]").json()
    assert answered["prediction"] == "setosa", "the answer keeps the class of the model"


def test_a_dropped_file_is_scored(page: Opened, project: Path) -> None:
    text = (project / "iris_species.csv").read_text()
    page.page.evaluate(DROP, ["flowers.csv", text])
    page.page.wait_for_selector(".download")
    assert page.page.is_hidden("#drop")
    assert "150 predictions" in page.page.inner_text("#answer-body")
    with page.page.expect_download() as download:
        page.page.click(".download")
    assert download.value.suggested_filename == "flowers.scored.csv"
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 150
    assert sum(row["prediction"] == row["species"] for row in rows) > 140
    assert {row["label"] for row in rows} == {"bristle-pointed iris", "blue flag", ""}
    assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_a_file_that_does_not_fit(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url, expects_failures=True) as page:
        page.page.evaluate(DROP, ["other.csv", "a,b\n1,2\n"])
        page.page.wait_for_selector("#answer .failure")
        assert "Invalid input" in page.page.inner_text("#answer .failure")
        page.page.evaluate(DROP, ["empty.csv", "a,b\n"])
        page.until("document.querySelector('#answer .failure')?.textContent.includes('The file has no rows')")


def test_invoke_check_reads_an_event_saved_with_its_answer(page: Opened, project: Path) -> None:
    page.page.uncheck("#live")
    page.page.click("#event-save")
    assert page.page.is_disabled("#expect")
    assert page.page.is_visible("#expect-hint")
    page.page.keyboard.press("Escape")
    page.ask()
    page.page.click("#event-save")
    assert page.page.is_hidden("#expect-hint")
    page.page.fill("#save-name", "known")
    page.page.check("#expect")
    page.page.click("#save-project")
    page.page.wait_for_selector("#save-panel", state="hidden")
    page.until("document.getElementById('announcer').textContent === 'Test event known saved'")
    expected = json.loads((project / "events" / "expected" / "known.json").read_text())
    assert expected["prediction"] == "setosa"
    # In a process of its own: Playwright runs an event loop in this one.
    command = [sys.executable, "-m", "iris_model.cli", "invoke", str(project), "--check"]
    result = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "known: as expected\n"), result.stderr


def test_the_documentation_asks_the_function(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url) as page:
        page.page.click("#docs")
        page.page.wait_for_selector(".opblock-post")
        page.page.click(".opblock-post .opblock-summary")
        page.page.click(".execute")
        page.page.wait_for_selector(".live-responses-table .response-col_status")
        assert '"prediction": "setosa"' in page.page.inner_text(".live-responses-table")

"""The page in real Chromium: every flow, on the iris project and on models of other kinds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from iris_model.cli.sources.function import find_function
from iris_model.local import FunctionSettings, PageSources, ReloadPlan
from iris_model.local.telemetry.running_cost import Prices
from tests.e2e.playground_page import Opened, opened
from tests.local.conftest import make_settings
from tests.support.browser import lay_model
from tests.support.local_service import RunningService, running

pytestmark = pytest.mark.e2e
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
SETOSA = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> FunctionSettings:
    """The iris project, packaged, in a folder that the tests may write to."""
    project = tmp_path_factory.mktemp("iris") / "iris"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".iris-model"))
    return find_function(project, lambda step: None)


@pytest.fixture(scope="module")
def service(iris: FunctionSettings) -> Iterator[RunningService]:
    with running(iris) as running_service:
        yield running_service


def post(url: str, value: Any) -> Any:
    """The answer that a client gets, by Python's own library."""
    request = urllib.request.Request(url, json.dumps(value).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def route_of(service: RunningService) -> str:
    assert service.lambda_ is not None
    return service.lambda_.addresses.route


def test_form_asks_and_the_answer_is_that_of_the_api(page: Opened, service: RunningService) -> None:
    row = [6.1, 2.9, 4.6, 1.7]
    for index, value in enumerate(row):
        page.page.fill(f"#column-{index}", str(value))
    answer = page.ask()
    expected = post(route_of(service), row)
    assert page.page.inner_text(".prediction").strip() == expected["prediction"]
    for label, share in expected["probabilities"].items():
        assert label in answer
        assert f"{share * 100:.1f} %" in answer
    widths = page.page.eval_on_selector_all(".bars .fill", "all => all.map(each => parseFloat(each.style.width))")
    assert widths == pytest.approx([100 * share for share in expected["probabilities"].values()])
    assert page.page.inner_text("#announcer").startswith(f"Prediction: {expected['prediction']}, ")


def test_form_begins_with_a_row_the_model_knows(page: Opened) -> None:
    golden = json.loads(page.page.evaluate("fetch('/_local/functions').then(r => r.text())"))
    row = golden["functions"][0]["model"]["example"]
    assert [float(page.page.input_value(f"#column-{index}")) for index in range(4)] == row
    assert page.page.inner_text("#column-0-note") == "4.3 to 7.9 in training"


def test_scatter_shows_the_flowers_and_the_point(page: Opened) -> None:
    marks = page.page.eval_on_selector_all(
        "#scatter .cloud .mark", "all => all.map(each => each.getAttribute('d') + each.getAttribute('class'))"
    )
    assert len(marks) == 150
    assert sorted(marks.count(mark) for mark in set(marks)) == [50, 50, 50], "each species has its shape and colour"
    assert "150 training rows" in page.page.inner_text("#scatter")
    before = page.page.get_attribute("#scatter .asked", "transform")
    page.page.fill("#column-2", "6.5")
    assert page.page.get_attribute("#scatter .asked", "transform") != before
    assert "petal length (cm) 6.5" in page.page.get_attribute("#scatter > svg", "aria-label")
    page.page.select_option("#axis-across", "sepal length (cm)")
    assert "sepal length (cm) across" in page.page.get_attribute("#scatter > svg", "aria-label")


def test_a_click_into_the_plot_predicts_at_that_point(page: Opened) -> None:
    box = page.page.locator("#scatter > svg").bounding_box()
    page.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.1)
    page.page.wait_for_selector(".prediction")
    assert page.page.inner_text(".prediction").strip() == "virginica"
    assert float(page.page.input_value("#column-2")) > 6
    assert float(page.page.input_value("#column-3")) > 2


def test_everything_by_keyboard(page: Opened) -> None:
    keyboard = page.page.keyboard
    keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.textContent") == "Skip to the form"
    keyboard.press("Enter")
    order = []
    for _ in range(12):
        keyboard.press("Tab")
        order.append(
            page.page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label')")
        )
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    sliders = [each for index, name in enumerate(names) for each in (f"{name}, slider", f"column-{index}")]
    assert order == ["way-form", "event-choice", "event-save", *sliders, "send"]
    page.page.focus("#fields input[type=range] >> nth=2")
    before = float(page.page.input_value("#column-2"))
    keyboard.press("ArrowRight")
    assert float(page.page.input_value("#column-2")) == pytest.approx(before + 0.1)
    keyboard.press("Home")
    assert page.page.input_value("#column-2") == "1"
    keyboard.press("Enter")
    page.page.wait_for_selector(".prediction")
    page.page.focus("#way-form")
    keyboard.press("ArrowRight")
    assert page.page.evaluate("document.activeElement.id") == "way-event"
    assert page.page.is_visible("#event")
    page.page.focus("#event")
    keyboard.press("Control+Enter")
    page.page.wait_for_selector(".prediction")


@pytest.mark.parametrize("way", ["form", "event"])
def test_code_runs_and_answers_the_same(page: Opened, service: RunningService, way: str) -> None:
    if way == "event":
        page.page.click("#way-event")
        page.page.fill("#event", "[5.1, 3.5, 1.4, 0.2]\n")
        expected = post(f"{service.url}/2015-03-31/functions/iris-prediction/invocations", SETOSA)
    else:
        for index, value in enumerate(SETOSA):
            page.page.fill(f"#column-{index}", str(value))
        expected = post(route_of(service), SETOSA)
    code = {name: page.page.text_content(f"#code-{name}") for name in ("curl", "python", "javascript")}
    curl = subprocess.run(["bash", "-c", code["curl"]], capture_output=True, timeout=30, check=True)
    assert json.loads(curl.stdout) == expected
    python = subprocess.run(
        [sys.executable, "-c", code["python"]], capture_output=True, timeout=30, check=True, text=True
    )
    assert python.stdout.strip() == repr(expected)
    in_page = code["javascript"].replace("console.log(", "return (")
    assert page.page.evaluate(f"(async () => {{ {in_page} }})()") == expected


def test_quotes_survive_in_code(page: Opened) -> None:
    event = '{"text": "it\'s \\"quoted\\" \\\\ $HOME `date` é 🌸"}'
    page.page.click("#way-event")
    page.page.fill("#event", event)
    curl = str(page.page.text_content("#code-curl")).replace("curl ", "printf '%s|' ", 1)
    done = subprocess.run(["bash", "-c", curl], capture_output=True, timeout=30, check=True, text=True)
    assert done.stdout.split("|")[-2] == event
    python = str(page.page.text_content("#code-python")).partition("with ")[0] + "print(request.data.decode())"
    done = subprocess.run([sys.executable, "-c", python], capture_output=True, timeout=30, check=True, encoding="utf-8")
    assert done.stdout.rstrip("\n") == event


def test_a_click_copies(browser: Any, service: RunningService) -> None:
    with opened(browser, service.url, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.page.click("#language-python")
        page.page.click("#copy")
        page.until("document.getElementById('copy').textContent === 'Copied'")
        assert page.page.evaluate("navigator.clipboard.readText()") == page.page.text_content("#code-python")


def test_events_of_the_project(page: Opened, iris: FunctionSettings) -> None:
    page.choose_event("project:virginica")
    event = json.loads((iris.page.events / "virginica.json").read_text())  # type: ignore[operator]
    row = list(event.values()) if isinstance(event, dict) else event
    assert [float(page.page.input_value(f"#column-{index}")) for index in range(4)] == row
    assert "virginica" in page.ask()
    page.choose_event("project:batch")
    assert page.page.is_visible("#event")
    page.ask()
    count = len(json.loads((iris.page.events / "batch.json").read_text()))  # type: ignore[operator]
    assert page.page.locator("#answer-body tbody tr").count() == count
    page.choose_event("project:http-api")
    assert "The function returned status 200." in page.ask()
    page.choose_event("project:bad-text")
    answer = page.ask()
    assert "Invalid input" in answer
    assert "the value is the string 'short'; send a number" in answer


def test_events_saved_in_the_project(page: Opened, iris: FunctionSettings) -> None:
    page.page.fill("#column-0", "6.6")
    page.page.click("#event-save")
    page.page.fill("#save-name", "../evil")
    page.page.click("#save-project")
    assert "starting with a letter or digit" in page.page.inner_text("#save-told")
    page.page.fill("#save-name", "mine")
    page.page.click("#save-project")
    page.page.wait_for_selector("#save-panel", state="hidden")
    file = iris.page.events / "mine.json"  # type: ignore[operator]
    assert json.loads(file.read_text())[0] == 6.6
    assert page.page.input_value("#event-choice") == "project:mine"
    page.page.fill("#column-0", "7.7")
    page.page.click("#event-save")
    page.page.click("#save-project")
    page.until("document.getElementById('save-told').textContent.includes('already')")
    assert json.loads(file.read_text())[0] == 6.6
    page.page.click("#save-project")
    page.page.wait_for_selector("#save-panel", state="hidden")
    assert json.loads(file.read_text())[0] == 7.7
    page.complaints = [text for text in page.complaints if "412" not in text]


def test_events_saved_in_the_browser(page: Opened) -> None:
    page.page.fill("#column-1", "2.2")
    page.page.click("#event-save")
    page.page.fill("#save-name", "here-only")
    page.page.click("#save-browser")
    page.page.wait_for_selector("#save-panel", state="hidden")
    page.page.reload()
    page.page.wait_for_selector("#column-1")
    page.choose_event("browser:here-only")
    assert page.page.input_value("#column-1") == "2.2"
    page.page.click("#event-delete")
    assert page.page.locator("#event-choice option[value^='browser:']").count() == 0
    page.page.reload()
    page.page.wait_for_selector("#column-1")
    assert page.page.locator("#event-choice option[value^='browser:']").count() == 0


def test_log_and_measures(browser: Any, iris: FunctionSettings) -> None:
    with running(iris) as service, opened(browser, service.url) as page:
        assert "cold start" in page.page.inner_text("#log-empty")
        page.ask()
        page.page.wait_for_selector("#log .tag")
        report = page.page.inner_text("#log li.report")
        assert "cold start" in report
        assert "Init Duration" in report
        page.page.wait_for_selector("#measures:not([hidden])")
        assert "cold" in page.page.inner_text("#measures")
        page.ask()
        page.until("document.querySelectorAll('#log li.report').length === 2")
        assert "warm" in page.page.inner_text("#measures")
        assert page.page.locator("#log .tag").count() == 1
        page.page.select_option("#log-filter", "report")
        assert page.page.locator("#log li:visible").count() == 2
        page.page.click("#log-clear")
        assert page.page.locator("#log li").count() == 0


def test_cost(browser: Any, iris: FunctionSettings) -> None:
    per_gb_second = {"x86_64": Decimal("0.5"), "arm64": Decimal("0.25")}
    prices = Prices(per_gb_second, Decimal("0.001"), Decimal("0.002"), "a test", "2026-11-25")
    with running(iris, prices=prices) as service, opened(browser, service.url) as page:
        page.page.wait_for_selector("#cost:not([hidden])")
        assert "none yet" in page.page.inner_text("#cost-figures")
        page.ask()
        page.until("document.getElementById('cost-figures').textContent.includes('1 cold')")
        shown = page.page.inner_text("#cost-figures")
        (function,) = service.request("GET", "/_local/metrics").json()["functions"]
        for amounts in function["cost"]["architectures"].values():
            assert f"${float(amounts['so_far']):.2f}"[:4] in shown
            assert f"${float(amounts['per_million']):,.2f}" in shown
        assert "2026-11-25" in page.page.inner_text("#cost-hint")


def test_opening_the_page_invokes_nothing(browser: Any, iris: FunctionSettings) -> None:
    with running(iris) as service:
        with opened(browser, service.url) as page:
            page.page.wait_for_selector("#scatter .asked")
        assert service.lines == []


def test_text_in_a_number_field_is_marked(page: Opened) -> None:
    page.page.fill("#column-1", "wide")
    page.page.click("#send")
    assert page.page.get_attribute("#column-1", "aria-invalid") == "true"
    assert page.page.evaluate("document.activeElement.id") == "column-1"
    assert page.page.inner_text("#column-1-note") == "“wide” is not a number."
    assert page.page.inner_text("#answer-body") == "No request yet."
    page.page.fill("#column-1", "2,5")
    assert page.page.get_attribute("#column-1", "aria-invalid") is None
    assert "%" in page.ask()


def test_the_field_that_the_model_complains_about(browser: Any, tmp_path: Path) -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    tree = DecisionTreeClassifier().fit(rows, ["a", "b"])
    directory = lay_model(tmp_path / "tree", tree)
    with (
        running(make_settings(directory=directory)) as service,
        opened(browser, service.url, expects_failures=True) as page,
    ):
        page.page.fill("#column-1", "1e300")
        assert "Invalid input" in page.ask()
        assert page.page.get_attribute("#column-1", "aria-invalid") == "true"
        assert page.page.evaluate("document.activeElement.id") == "column-1"


def test_a_new_version_has_a_new_form(browser: Any, tmp_path: Path) -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    directory = lay_model(tmp_path / "one", DecisionTreeClassifier().fit(rows, ["a", "b"]))
    newer = lay_model(tmp_path / "two", DecisionTreeClassifier().fit(rows[:, :1], ["c", "d"]), example=[1.0])
    settings = make_settings(directory=directory)
    plan = ReloadPlan((directory,), lambda: settings)
    with running(replace(settings, reload=plan)) as service, opened(browser, service.url) as page:
        page.page.fill("#column-0", "1.5")
        (directory / "app.py").write_text((directory / "app.py").read_text() + "# the same, edited\n")
        page.until("document.getElementById('log').textContent.includes('the new version of')")
        assert page.page.input_value("#column-0") == "1.5", "the same form keeps what was typed"
        shutil.copytree(newer, directory, dirs_exist_ok=True)
        page.until("document.querySelectorAll('.field').length === 1")
        page.ask()
        assert page.page.inner_text(".prediction").strip() == "c"


def test_a_regressor(browser: Any, tmp_path: Path) -> None:
    rows = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 5.0]])
    target = [10.0, 20.0, 30.0, 40.0]
    directory = lay_model(tmp_path / "line", LinearRegression().fit(rows, target), rows.tolist(), [1.0, 3.0])
    data = tmp_path / "data.csv"
    data.write_text("a,b,price\n" + "".join(f"{a},{b},{y}\n" for (a, b), y in zip(rows, target)))
    settings = make_settings(directory=directory, page=PageSources(data=data))
    with running(settings) as service, opened(browser, service.url) as page:
        page.page.wait_for_selector("#scatter .asked")
        answer = page.ask()
        assert float(page.page.inner_text(".prediction")) == pytest.approx(20.0)
        assert "price was 10 to 40 in training." in answer
        page.page.fill("#column-0", "9")
        assert "outside of this range" in page.ask()


def test_a_model_of_texts(browser: Any, tmp_path: Path) -> None:
    texts = ["good film", "great joy", "joy again and again", "bad plot", "awful bore"]
    labels = ["good", "good", "good", "bad", "bad"]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, labels)
    directory = lay_model(tmp_path / "texts", model)
    with running(make_settings(directory=directory)) as service, opened(browser, service.url) as page:
        page.page.fill("textarea#column-0", 'a "great" film\nwith joy')
        page.ask()
        assert page.page.inner_text(".prediction").strip() == "good"


def test_choices_and_missing_values(browser: Any, tmp_path: Path) -> None:
    columns = [
        {"name": "age", "kind": "numeric", "dtype": "float64", "missing": True, "minimum": 0.0, "maximum": 80.0},
        {"name": "port", "kind": "categorical", "dtype": "object", "missing": True, "categories": ["Cork", 7.0]},
        {"name": "note", "kind": "categorical", "dtype": "str", "missing": False},
    ]
    signature = {"columns": columns, "named": True, "task": "classifier", "classes": ["a"], "outputs": {}}
    directory = tmp_path / "echo"
    directory.mkdir()
    (directory / "function.json").write_text(json.dumps({"model": "m.pkl", "executor": "original"}))
    (directory / "m.signature.json").write_text(json.dumps({"signature": signature, "source": {}}))
    (directory / "app.py").write_text("def handler(event, context):\n    return event['body']\n")
    with running(make_settings(directory=directory)) as service, opened(browser, service.url) as page:
        page.page.fill("#column-2", "<b>x</b>")
        assert json.loads(page.ask()) == [40, "Cork", "<b>x</b>"]
        page.page.check("#column-0-missing")
        assert page.page.is_disabled("#column-0")
        page.page.select_option("#column-1", label="7")
        assert json.loads(page.ask()) == [None, 7, "<b>x</b>"]
        page.page.select_option("#column-1", label="(missing)")
        page.page.uncheck("#column-0-missing")
        assert json.loads(page.ask()) == [40, None, "<b>x</b>"]


def test_functions_without_a_model(browser: Any) -> None:
    settings = make_settings(timeout_seconds=1)
    with running(settings) as service, opened(browser, service.url, expects_failures=True) as page:
        assert "no model that this page knows" in page.page.inner_text("#about")
        assert page.page.is_hidden("#ways")
        page.page.fill("#event", '{"a": ["<img src=x onerror=alert(1)>", 1]}')
        assert json.loads(page.ask()) == {"a": ["<img src=x onerror=alert(1)>", 1]}
        assert page.page.locator("#answer-body img").count() == 0
        page.page.fill("#event", '{"do": "fail"}')
        answer = page.ask()
        assert "The function failed" in answer
        assert "Misbehaviour: as requested" in answer
        page.page.click("#answer-body summary")
        assert "app.py" in page.page.inner_text("#answer-body details")
        page.page.fill("#event", '{"do": "exit", "status": 3}')
        assert "exit status 3" in page.ask()
        page.page.fill("#event", '{"do": "sleep", "seconds": 5}')
        assert "timed out" in page.ask()
        page.page.fill("#event", "{nonsense")
        assert "Could not parse request body into json" in page.ask()


def test_too_many_at_once(browser: Any, iris: FunctionSettings) -> None:
    with (
        running(replace(iris, reserved_concurrency=0)) as service,
        opened(browser, service.url, expects_failures=True) as page,
    ):
        page.page.click("#way-event")
        answer = page.ask()
        assert "Too many requests at once" in answer
        assert "ReservedFunctionConcurrentInvocationLimitExceeded" in answer
        page.page.click("#way-form")
        assert "An HTTP API does not return the reason" in page.ask()


def test_several_functions(browser: Any, iris: FunctionSettings) -> None:
    with running([iris, make_settings(name="other")]) as service, opened(browser, service.url) as page:
        assert page.page.inner_text("#name") == "iris-prediction"
        assert "setosa" in page.ask()
        page.page.select_option("#function", "other")
        assert page.page.inner_text("#name") == "other"
        assert page.page.is_visible("#event")
        assert page.page.is_hidden("#scatter")
        page.page.fill("#event", "[7]")
        assert json.loads(page.ask()) == [7]
        page.page.wait_for_selector("#log .of >> text=other")
        page.page.select_option("#function", "iris-prediction")
        page.page.wait_for_selector("#scatter .asked")


def test_the_page_survives_a_restart_of_the_service(browser: Any, iris: FunctionSettings) -> None:
    with running(iris) as service:
        port = int(service.url.rpartition(":")[2])
        context = opened(browser, service.url, expects_failures=True)
        page = context.__enter__()
        page.page.fill("#column-0", "6.25")
    page.page.wait_for_selector("#connection[data-state=gone]")
    assert "The local Lambda does not respond" in page.ask()
    with running(iris, port=port):
        page.page.wait_for_selector("#connection[data-state=connected]")
        assert page.page.input_value("#column-0") == "6.25", "what was typed is still there"
        assert "%" in page.ask()
        context.__exit__(None, None, None)

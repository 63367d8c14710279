"""The plot of the page in Chromium, with models and data of other kinds than the iris project; and a page that is not ready."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from iris_model.cli.sources.page_model import open_page_model
from iris_model.local import FunctionSettings, PageSources
from tests.e2e.playground_page import opened
from tests.e2e.test_playground_model import DROP
from tests.local.conftest import make_settings
from tests.support.browser import WAIT_MS, lay_model
from tests.support.local_service import running

pytestmark = pytest.mark.e2e
# The labels of the axes that begin left of the picture, where nobody sees them.
CUT = "[...document.querySelectorAll('#scatter .tick')].filter(each => each.getBBox().x < 0).map(each => each.textContent)"


def settings_with(directory: Path, data: str) -> FunctionSettings:
    """A function whose page has sample rows, and opens the model as `serve` does."""
    file = directory.parent / "data.csv"
    file.write_text(data)
    sources = PageSources(data=file, open_model=partial(open_page_model, data=file))
    return make_settings(directory=directory, page=sources)


def test_large_numbers_and_data_without_classes(browser: Any, tmp_path: Path) -> None:
    rows = np.array([[20, 5e4], [30, 1.5e6], [40, 2e6], [50, 2e5]])
    directory = lay_model(
        tmp_path / "model", DecisionTreeClassifier().fit(rows, ["no", "yes", "yes", "no"]), rows.tolist()
    )
    settings = settings_with(directory, "a,b\n" + "".join(f"{a:g},{b:.0f}\n" for a, b in rows))
    with running(settings) as service, opened(browser, service.url) as page:
        page.page.wait_for_selector("#scatter .region")
        ticks = page.page.locator("#scatter .tick").all_text_contents()
        assert "1000000" in ticks
        assert page.page.evaluate(CUT) == []
        legend = page.page.locator("#scatter .legend li").all_inner_texts()
        assert legend == ["no", "yes"], "without it, the colours of the decisions have no meaning"


def test_several_outputs_have_no_picture_of_decisions(browser: Any, tmp_path: Path) -> None:
    rows = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 2.0], [3.0, 5.0]])
    targets = [[0, 1], [1, 1], [1, 0], [0, 0]]
    directory = lay_model(
        tmp_path / "model", RandomForestClassifier(3, random_state=0).fit(rows, targets), rows.tolist()
    )
    settings = settings_with(directory, "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    with running(settings) as service, opened(browser, service.url) as page:
        page.page.wait_for_selector("#scatter .asked")
        page.ask()
        assert page.page.locator("#regions").count() == 0
        assert "Shaded" not in page.page.inner_text("#scatter")


def test_texts_have_no_plot(browser: Any, tmp_path: Path) -> None:
    texts = ["good film", "great joy", "bad plot", "awful bore"]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, ["good", "good", "bad", "bad"])
    directory = lay_model(tmp_path / "model", model)
    settings = settings_with(directory, "text\n" + "\n".join(texts) + "\n")
    # `opened` fails if the console has an error, as after a request for points that do not exist.
    with running(settings) as service, opened(browser, service.url) as page:
        page.page.fill("textarea#column-0", "great film")
        page.ask()
        assert page.page.inner_text(".prediction").strip() == "good"
        assert page.page.is_hidden("#scatter")


def test_nothing_is_sent_before_the_page_knows_the_function(browser: Any) -> None:
    with running(make_settings(name="echo")) as service:
        context = browser.new_context()
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        held: list[Any] = []
        page.route("**/_local/functions", lambda route: held.append(route))
        try:
            with page.expect_request("**/_local/functions"):
                page.goto(service.url, wait_until="commit")
            assert page.is_disabled("#send")
            page.focus("#event-choice")
            page.evaluate("document.getElementById('form').requestSubmit()")
            page.evaluate(DROP, ["early.csv", "1\n"])
            page.wait_for_selector("#answer-body >> text=The page is not ready")
            held[0].continue_()
            page.fill("#event", "[7]")
            page.click("#send")
            page.wait_for_selector("#answer-body:not([aria-busy]) > pre, #answer-body:not([aria-busy]) code")
            assert "7" in page.inner_text("#answer-body")
            assert problems == []
        finally:
            context.close()

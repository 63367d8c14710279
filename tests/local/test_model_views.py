"""What the page shows about the model: decisions on a grid and contributions, from the model of the function."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.cli.sources.page_model import open_page_model
from iris_model.engine import load
from iris_model.local import PageSources
from iris_model.local.browser import model_views
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running
from tests.support.tiny_model import NAMES, write_tiny

JSON = {"Content-Type": "application/json"}
ROW = [5.1, 3.5, 1.4, 0.2]
OTHERS = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]]


@pytest.fixture
def function(tmp_path: Path) -> Path:
    function = tmp_path / "function"
    function.mkdir()
    write_tiny(function / "tiny.safetensors")
    (function / "function.json").write_text(json.dumps({"model": "tiny.safetensors", "executor": "compiled"}))
    (function / "golden.json").write_text(json.dumps([{"row": row, "outputs": {}} for row in OTHERS]))
    (function / "app.py").write_text("def handler(event, context):\n    return event\n")
    return function


@pytest.fixture
def service(function: Path) -> Iterator[RunningService]:
    page = PageSources(open_model=open_page_model)
    with running(make_settings(directory=function, page=page, name="tiny")) as running_service:
        yield running_service


def post(service: RunningService, what: str, value: Any, headers: dict[str, str] = JSON) -> Any:
    return service.request("POST", f"/_local/functions/tiny/{what}", json.dumps(value).encode(), headers)


def test_regions_are_the_answers_of_the_model(service: RunningService, function: Path) -> None:
    xs, ys = [1.0, 3.0, 5.0], [0.2, 2.0]
    asked = {"row": ROW, "x": 2, "y": 3, "xs": xs, "ys": ys}
    rows = [[5.1, 3.5, across, up] for up in ys for across in xs]
    expected = load(str(function / "tiny.safetensors")).predict(rows)
    assert post(service, "regions", asked).json() == {"predictions": expected}
    assert not any(line.startswith("START ") for line in service.lines), "a picture is no invocation"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": 9}, "x and y must be numbers of columns"),
        ({"xs": []}, "xs and ys must have 1 to 80 numbers"),
        ({"xs": [1.0] * 81}, "xs and ys must have 1 to 80 numbers"),
        ({"ys": ["a"]}, "xs and ys must have 1 to 80 numbers"),
        ({"row": "text"}, "expected a JSON object with the lists row, xs, ys"),
        ({"row": [1, 2, 3, 4, 5]}, "row 0 has 5 values"),
    ],
)
def test_regions_that_cannot_be_drawn(service: RunningService, change: dict[str, Any], said: str) -> None:
    answer = post(service, "regions", {"row": ROW, "x": 0, "y": 1, "xs": [1.0], "ys": [1.0]} | change)
    assert answer.status == 422
    assert said in answer.json()["detail"]


def test_a_slow_model_has_no_regions(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_views, "MOST_SECONDS", 0.0)
    asked = {"row": ROW, "x": 0, "y": 1, "xs": [1.0], "ys": [1.0]}
    assert "too slow" in post(service, "regions", asked).json()["detail"]


def test_contributions_add_up(service: RunningService, function: Path) -> None:
    found = post(service, "explanation", {"row": ROW}).json()
    model = load(str(function / "tiny.safetensors"))
    place = (model.classes or []).index(found["target"])
    assert found["target"] == model.predict([ROW])[0]
    assert [each["name"] for each in found["contributions"]] == list(NAMES)
    assert found["base"] + sum(each["value"] for each in found["contributions"]) == pytest.approx(found["score"])
    assert found["score"] == pytest.approx(model.decision_function([ROW])[0][place])
    assert (found["background_rows"], found["background"]) == (3, "the golden rows")


def test_requests_from_other_sites_or_of_other_content_types_are_refused(service: RunningService) -> None:
    assert post(service, "explanation", {"row": ROW}, JSON | {"Origin": "https://evil.example"}).status == 403
    assert post(service, "explanation", {"row": ROW}, {"Content-Type": "text/plain"}).status == 415
    big = {"row": ["x" * model_views.MOST_BYTES]}
    assert post(service, "explanation", big).status == 413


def test_a_row_that_does_not_fit(service: RunningService) -> None:
    answer = post(service, "explanation", {"row": [1]})
    assert (answer.status, answer.json()["detail"][:17]) == (422, "row 0 has 1 value")


def test_a_new_package_is_opened(service: RunningService, function: Path) -> None:
    (described,) = service.request("GET", "/_local/functions").json()["functions"]
    assert (described["hasRegions"], described["isExplained"]) == (True, True)
    (function / "function.json").write_text(json.dumps({"model": "tiny.safetensors", "executor": "original"}))
    os.utime(function / "function.json", ns=(1, 1))
    (described,) = service.request("GET", "/_local/functions").json()["functions"]
    assert (described["hasRegions"], described["isExplained"]) == (False, False)
    assert post(service, "explanation", {"row": ROW}).status == 404


def test_sample_rows_of_the_project_come_first(function: Path, tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("\n".join([",".join(NAMES), "5,3,1,1", "6,3,5,2"]) + "\n")
    opened = open_page_model(function, data)
    assert opened is not None
    found = opened.explain(ROW)
    assert (found["background_rows"], found["background"]) == (2, "the sample rows")
    data.write_text("a,b\n1,2\n")
    opened = open_page_model(function, data)
    assert opened is not None
    assert opened.explain(ROW)["background"] == "the golden rows"


def test_expected_answers_belong_to_events(tmp_path: Path, function: Path) -> None:
    page = PageSources(events=tmp_path / "events")
    event = "/_local/functions/tiny/events/one"
    with running(make_settings(directory=function, page=page, name="tiny")) as service:
        answer = service.request("PUT", f"{event}/expected", b'{"prediction": 1}', JSON)
        assert (answer.status, answer.json()["detail"][:11]) == (404, "there is no")
        assert service.request("PUT", event, b"[1]", JSON).status == 201
        assert service.request("PUT", f"{event}/expected", b'{"prediction": 1}', JSON).status == 201
        expected = tmp_path / "events" / "expected" / "one.json"
        assert json.loads(expected.read_text()) == {"prediction": 1}
        (described,) = service.request("GET", "/_local/functions").json()["functions"]
        assert described["events"] == ["one"]
        assert service.request("PUT", event, b"[2]", JSON).status == 200
        assert not expected.exists(), "the answer belonged to the old event"
        assert service.request("PUT", f"{event}/expected", b"no json", JSON).status == 400
        assert service.request("PUT", f"{event}/expected", b"{}", {"Content-Type": "text/plain"}).status == 415


def test_the_service_does_not_run_source_in_a_model(tmp_path):
    """A sandbox may be confined; the service, which evaluates the decisions for its page, is not."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from iris_model.compiler import compile_model
    from iris_model.local.configuration.page_sources import NotShown
    from tests.parity.own_step_examples import add_ratio

    model = make_pipeline(add_ratio(), LogisticRegression()).fit([[1.0, 2.0], [2.0, 1.0], [3.0, 4.0]], [0, 1, 0])
    (tmp_path / "model.safetensors").write_bytes(compile_model(model).data)
    (tmp_path / "function.json").write_text(json.dumps({"model": "model.safetensors", "executor": "compiled"}))
    opened = open_page_model(tmp_path)
    with pytest.raises(NotShown, match=r"Python source \(add_ratio\), which only the function runs"):
        opened.predict([[1.0, 2.0]])
    with pytest.raises(NotShown):
        opened.explain([1.0, 2.0])

"""Surprising behaviour and limits of AWS, as notes in the template, the plan, `doctor` and `serve`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iris_model.aws.notes import HTTP_API_SECONDS, find_notes
from iris_model.cli.options.http import HttpOptions
from iris_model.cli.render.serve_output import find_notes as find_local_notes
from iris_model.cli.sources.deployment import read_deployment
from iris_model.contract.endpoint import Endpoint
from iris_model.errors import ProjectError
from iris_model.local import FunctionSettings
from iris_model.local.front_ends.http_api import INTEGRATION_TIMEOUT_SECONDS
from tests.aws.test_template import BARE, of_type, render
from tests.support.aws_rules.http import status_after


def test_a_timeout_that_an_http_api_does_not_wait_for_is_said():
    assert HTTP_API_SECONDS == INTEGRATION_TIMEOUT_SECONDS  # the local HTTP API answers 503 when that of AWS does
    assert (status_after(HTTP_API_SECONDS), status_after(HTTP_API_SECONDS + 1)) == (200, 503)
    (note,) = find_notes(replace(BARE, timeout=31))
    assert "timeout is 31 s, and an HTTP API waits 30 s" in note.text and 'endpoint = "function-url"' in note.hint
    text = " ".join(render(replace(BARE, timeout=31)).replace("\n  #", "").split())
    assert f"{note.text}. {note.hint} Integration:" in text
    assert find_notes(replace(BARE, timeout=30)) == []
    assert find_notes(replace(BARE, timeout=900, endpoint=Endpoint(kind="function-url"))) == []


def test_serve_prints_the_note_too(tmp_path: Path):
    settings = FunctionSettings(name="iris", directory=tmp_path, handler="app.handler", timeout_seconds=31)
    (note,) = find_local_notes([settings], has_function_urls=False)
    assert "timeout is 31 s, but an HTTP API answers 503 after 30 s" in note
    assert find_local_notes([replace(settings, timeout_seconds=30)], has_function_urls=False) == []


def write(directory: Path, text: str) -> Path:
    (directory / "iris-model.toml").write_text(f'name = "iris"\nmodel = "model.pkl"\n{text}')
    return directory


@pytest.mark.parametrize(
    ("settings", "limits"),
    [("rate = 2.5", (2.5, 3)), ("rate = 9000", (9000.0, 5000)), ("burst = 7", (10000.0, 7)), ("rate = 0", (0.0, 0))],
)
def test_a_rate_always_has_a_burst(tmp_path: Path, settings: str, limits: tuple[float, int]):
    _, deployment = read_deployment(write(tmp_path, f"[throttling]\n{settings}\n"), None)
    (stage,) = of_type(deployment, "AWS::ApiGatewayV2::Stage")
    found = stage["DefaultRouteSettings"]
    assert (found["ThrottlingRateLimit"], found["ThrottlingBurstLimit"]) == limits


def test_a_rate_of_serve_has_the_burst_that_is_deployed(tmp_path: Path):
    settings = FunctionSettings(name="iris", directory=tmp_path, handler="app.handler")
    throttling = HttpOptions(throttle=(2.5, None)).apply(settings).http.throttling
    assert (throttling.rate, throttling.burst) == (2.5, 3)
    assert HttpOptions(throttle=(2.5, 7)).apply(settings).http.throttling.burst == 7


def test_more_tags_than_a_resource_may_have(tmp_path: Path):
    tags = ", ".join(f'k{number} = "v"' for number in range(47))
    with pytest.raises(ProjectError, match="tags has 47 entries; a resource has at most 50, and iris-model uses 4"):
        read_deployment(write(tmp_path, f"tags = {{ {tags} }}\n"), None)
    assert len(read_deployment(write(tmp_path, f"tags = {{ {tags.partition(', ')[2]} }}\n"), None)[1].tags) == 46

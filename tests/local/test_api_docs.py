"""`/openapi.json` and `/docs` of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from iris_model.cli.sources.function import find_function
from iris_model.local.browser import api_docs
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running
from tests.support.tiny_model import write_tiny


@pytest.fixture
def function(tmp_path: Path) -> Path:
    function = tmp_path / "function"
    function.mkdir()
    write_tiny(function / "tiny.safetensors")
    described = {
        "format": "iris-model-function/1", "name": "tiny", "handler": "app.handler", "python": "3.11",
        "architecture": "x86_64", "memory": 128, "timeout": 3, "route": "/tiny", "stage": "default",
        "http": {"endpoint": "http-api", "auth": "none", "cors": None, "throttling": {}, "more_routes": []},
        "reserved_concurrency": None, "log_format": "Text", "environment": {}, "executor": "compiled",
        "model": "tiny.safetensors", "files": {},
    }  # fmt: skip
    (function / "function.json").write_text(json.dumps(described))
    (function / "golden.json").write_text(json.dumps([{"row": [5.1, 3.5, 1.4, 0.2], "outputs": {}}]))
    (function / "app.py").write_text("def handler(event, context):\n    return event\n")
    return function


@pytest.fixture
def service(function: Path) -> Iterator[RunningService]:
    functions = [find_function(function, lambda step: None), make_settings(name="plain")]
    with running(functions) as running_service:
        yield running_service


def test_the_document_is_of_this_service(service: RunningService) -> None:
    answer = service.request("GET", "/openapi.json")
    document = answer.json()
    assert answer.status == 200, document
    validate(document)
    assert document["servers"] == [{"url": f"{service.url}/default"}]
    assert "/tiny" in document["paths"]
    assert service.request("GET", "/_local/functions/tiny/openapi.json").json() == document


def test_a_function_without_a_model_has_no_document(service: RunningService) -> None:
    answer = service.request("GET", "/_local/functions/plain/openapi.json")
    assert answer.status == 404
    assert "has no model" in answer.json()["detail"]


def test_swagger_ui_is_served_from_its_package(service: RunningService) -> None:
    page = service.request("GET", "/docs")
    assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
    assert "script-src 'self';" in (page.header("content-security-policy") or "")
    bundle = service.request("GET", "/_local/docs/swagger-ui-bundle.js")
    assert (bundle.status, bundle.header("content-type")) == (200, "text/javascript; charset=utf-8")
    assert b"SwaggerUIBundle" in bundle.body
    assert service.request("GET", "/_local/docs/no.js").status == 404


def test_without_its_package_the_page_says_how_to_install_it(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_docs, "SWAGGER_PACKAGE", "flask_swagger_ui_that_nobody_has")
    api_docs.read_swagger_files.cache_clear()
    try:
        page = service.request("GET", "/docs")
        assert "pip install 'iris-model[swagger]'" in page.body.decode()
        assert service.request("GET", "/_local/docs/swagger-ui-bundle.js").status == 404
    finally:
        api_docs.read_swagger_files.cache_clear()


def test_other_sites_are_refused(service: RunningService) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert service.request("GET", "/openapi.json", headers=foreign).status == 403
    assert service.request("GET", "/_local/docs/start.js", headers=foreign).status == 403


def test_a_route_of_a_function_comes_first() -> None:
    with running(make_settings(name="mine", route="ANY /docs", stage="$default")) as service:
        assert service.request("GET", "/docs").header("apigw-requestid")
        assert "html" in (service.request("GET", "/_local/docs").header("content-type") or "")
        assert service.request("POST", "/openapi.json", b"{}").status == 404

"""The service behind the page: files, functions, data, test events, the log; and which clients may request them."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.local import PageSources
from iris_model.local.browser.guard import find_foreign_call
from tests.local.conftest import make_settings
from tests.support.local_service import RunningService, running
from tests.support.tiny_model import CLASSES, NAMES, write_tiny

JSON = {"Content-Type": "application/json"}
CSV = ",".join([*NAMES, "species"]) + "\n5.1,3.5,1.4,0.2,setosa\n7,3.2,4.7,,versicolor\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as far as the page looks at it: a function directory with a model, events, data."""
    function = tmp_path / "function"
    function.mkdir()
    write_tiny(function / "tiny.safetensors")
    (function / "function.json").write_text(json.dumps({"model": "tiny.safetensors", "executor": "compiled"}))
    (function / "golden.json").write_text(json.dumps([{"row": [5.1, 3.5, 1.4, 0.2]}]))
    (function / "app.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "one.json").write_text("[1, 2, 3, 4]\n")
    (tmp_path / "data.csv").write_text(CSV)
    return tmp_path


@pytest.fixture
def service(project: Path) -> Iterator[RunningService]:
    sources = PageSources(events=project / "events", data=project / "data.csv", target="species")
    with running(make_settings(directory=project / "function", page=sources, name="tiny")) as running_service:
        yield running_service


def described(service: RunningService) -> Any:
    (function,) = service.request("GET", "/_local/functions").json()["functions"]
    return function


def test_page_names_only_its_own_files(service: RunningService) -> None:
    page = service.request("GET", "/")
    assert (page.status, page.header("content-type")) == (200, "text/html; charset=utf-8")
    policy = page.header("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    named = re.findall(r'(?:src|href)="([^"#]+)"', page.body.decode())
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert len(named) > 5
    for address in named:
        file = service.request("GET", address)
        assert (file.status, file.header("content-type")) == (200, f"{types[Path(address).suffix]}; charset=utf-8")
        assert file.header("x-content-type-options") == "nosniff"


def test_modules_import_files_that_are_served(service: RunningService) -> None:
    seen: set[str] = set()
    waiting = {"app.js"}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        module = service.request("GET", f"/_local/page/{name}")
        assert module.status == 200, name
        waiting |= set(re.findall(r'from "\./([^"]+)"', module.body.decode())) - seen
    folder = Path(__file__).parents[2] / "src" / "iris_model" / "local" / "page"
    assert seen == {path.name for path in folder.glob("*.js")}, "a module that nobody imports"


def test_files_are_asked_for_each_time_and_sent_once(service: RunningService) -> None:
    first = service.request("GET", "/_local/page/app.js")
    etag = first.header("etag")
    assert etag
    assert first.header("cache-control") == "no-cache"
    again = service.request("GET", "/_local/page/app.js", headers={"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert service.request("GET", "/_local/page/app.js", headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("name", ["..%2fservice.py", "%2e%2e/service.py", "..", "app.js%00", "nothing.js"])
def test_no_other_file_is_served(service: RunningService, name: str) -> None:
    assert service.request("GET", f"/_local/page/{name}").status == 404


def test_the_page_gets_the_description_of_a_function(service: RunningService) -> None:
    function = described(service)
    model = function.pop("model")
    assert (function["name"], function["route"], function["memory"]) == ("tiny", "/default/do", 128)
    assert (function["events"], function["canSaveEvents"], function["hasData"]) == (["one"], True, True)
    assert [column["name"] for column in model["columns"]] == NAMES
    assert (model["task"], model["classes"], model["example"]) == ("classifier", CLASSES, [5.1, 3.5, 1.4, 0.2])
    assert function["sandboxes"] == 0, "looking at the page must not start a sandbox"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
        b"\x05\x00\x00\x00\x00\x00\x00\x00[" + b"[" * 9,
    ],
)
def test_a_damaged_model_is_no_model(project: Path, damage: bytes) -> None:
    (project / "function" / "tiny.safetensors").write_bytes(damage)
    with running(make_settings(directory=project / "function")) as service:
        assert described(service)["model"] is None


def test_signature_of_a_model_that_stays_with_its_library(project: Path) -> None:
    function = project / "function"
    (function / "function.json").write_text(json.dumps({"model": "m.pkl", "executor": "original"}))
    signature = {"task": "regressor", "columns": [{"name": "a", "kind": "numeric"}]}
    (function / "m.signature.json").write_text(json.dumps({"signature": signature, "source": {"library": "l"}}))
    with running(make_settings(directory=function)) as service:
        model = described(service)["model"]
    assert (model["task"], model["executor"], model["source"]) == ("regressor", "original", {"library": "l"})


def test_routes_that_a_form_cannot_post_to() -> None:
    for route, expected in (("POST /x", "/x"), ("GET /x", None), ("/x/{id}", None)):
        with running(make_settings(route=route, stage="$default")) as service:
            assert described(service)["route"] == expected


def test_data_as_points(service: RunningService, project: Path) -> None:
    points = service.request("GET", "/_local/functions/tiny/data").json()
    assert points == {
        "features": NAMES,
        "rows": [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, None]],
        "labels": ["setosa", "versicolor"],
        "target": "species",
        "total": 2,
    }
    (project / "data.csv").write_text("".join(f"{i},1,2,3,b\n" for i in range(4000)))
    points = service.request("GET", "/_local/functions/tiny/data").json()
    assert (points["total"], len(points["rows"]), points["rows"][1][0]) == (4000, 1334, 3.0)
    assert set(points["labels"]) == {"b"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "has 2 columns"),
        (CSV.replace("species", "kind"), "has no column 'species'"),
        ("\xff", "cannot be read"),
    ],
)
def test_data_that_cannot_be_drawn(service: RunningService, project: Path, text: str, says: str) -> None:
    (project / "data.csv").write_bytes(text.encode("latin-1"))
    refused = service.request("GET", "/_local/functions/tiny/data")
    assert refused.status == 422
    assert says in refused.json()["detail"]


def test_events_are_read_and_written(service: RunningService, project: Path) -> None:
    assert service.request("GET", "/_local/functions/tiny/events/one").body == b"[1, 2, 3, 4]\n"
    address = "/_local/functions/tiny/events/two"
    saved = service.request("PUT", address, b'{"a": 1}', JSON | {"If-None-Match": "*"})
    assert (saved.status, saved.json()) == (201, {"names": ["one", "two"]})
    assert (project / "events" / "two.json").read_bytes() == b'{"a": 1}\n'
    assert service.request("PUT", address, b"[2]", JSON | {"If-None-Match": "*"}).status == 412
    assert service.request("PUT", address, b"[2]", JSON).status == 200
    assert (project / "events" / "two.json").read_bytes() == b"[2]\n"
    assert described(service)["events"] == ["one", "two"]
    assert sorted(path.name for path in (project / "events").iterdir()) == ["one.json", "two.json"]


def test_the_first_event_makes_the_folder(service: RunningService, project: Path) -> None:
    shutil.rmtree(project / "events")
    assert service.request("PUT", "/_local/functions/tiny/events/new", b"1", JSON).status == 201
    assert (project / "events" / "new.json").read_bytes() == b"1\n"


@pytest.mark.parametrize(
    "name", ["..%2fapp", "%2e%2e%2f%2e%2e%2fetc", ".hidden", "a%00", "a%0A", "%2ftmp%2fx", "a%20b", "x" * 65, "%C3%A9"]
)
def test_names_that_are_no_file_names(service: RunningService, project: Path, name: str) -> None:
    before = sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts)
    for method, body in (("GET", b""), ("PUT", b"[]")):
        answer = service.request(method, f"/_local/functions/tiny/events/{name}", body, JSON)
        assert answer.status in (400, 404), answer.body
    assert sorted(path for path in project.rglob("*") if "__pycache__" not in path.parts) == before


def test_a_link_out_of_the_project_is_not_followed(
    service: RunningService, project: Path, tmp_path_factory: Any
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.json"
    secret.write_text('"secret"')
    (project / "events" / "link.json").symlink_to(secret)
    assert service.request("GET", "/_local/functions/tiny/events/link").status == 403
    assert service.request("PUT", "/_local/functions/tiny/events/link", b"[]", JSON).status == 403
    assert secret.read_text() == '"secret"'


@pytest.mark.parametrize("body", [b"", b"{", b"[NaN]", b"\xff", b"[" * 100_000])
def test_only_json_becomes_an_event(service: RunningService, project: Path, body: bytes) -> None:
    refused = service.request("PUT", "/_local/functions/tiny/events/bad", body, JSON)
    assert refused.status == 400
    assert "JSON" in refused.json()["detail"] or "nested" in refused.json()["detail"]
    assert not (project / "events" / "bad.json").exists()


def test_events_have_a_size(service: RunningService) -> None:
    body = b'"' + b"x" * (1024 * 1024) + b'"'
    assert service.request("PUT", "/_local/functions/tiny/events/big", body, JSON).status == 413


def test_events_without_a_project() -> None:
    with running(make_settings()) as service:
        assert described(service)["canSaveEvents"] is False
        assert service.request("PUT", "/_local/functions/behave/events/x", b"[]", JSON).status == 404
        assert service.request("GET", "/_local/functions/nobody/events/x").status == 404
        assert service.request("GET", "/_local/functions/behave/data").status == 404


DATA_PATHS = ("/_local/functions", "/_local/log", "/_local/functions/tiny/data", "/_local/functions/tiny/events/one")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {"Host": "evil.example:9000"},
        {"Host": "evil.example:9000", "Origin": "http://evil.example:9000", "Sec-Fetch-Site": "same-origin"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
    ],
)
def test_other_sites_are_refused(service: RunningService, project: Path, headers: dict[str, str]) -> None:
    host = {"Host": service.url.removeprefix("http://")}
    for path in DATA_PATHS:
        assert service.request("GET", path, headers=host | headers).status == 403, path
    saved = service.request("PUT", "/_local/functions/tiny/events/x", b"[]", JSON | host | headers)
    assert saved.status == 403
    assert not (project / "events" / "x.json").exists()


def test_this_page_is_not_refused(service: RunningService) -> None:
    port = service.url.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]", "iris.localhost"):
        host = f"{name}:{port}"
        headers = {"Host": host, "Origin": f"http://{host.lower()}", "Sec-Fetch-Site": "same-origin"}
        for path in DATA_PATHS:
            assert service.request("GET", path, headers=headers).status == 200, (path, host)


def test_a_link_elsewhere_may_lead_to_the_page(service: RunningService) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    host = {"Host": service.url.removeprefix("http://")}
    assert service.request("GET", "/", headers=host | link).status == 200
    assert service.request("GET", "/", headers=host | link | {"Sec-Fetch-Mode": "no-cors"}).status == 403
    assert service.request("GET", "/_local/page/app.js", headers=host | link).status == 403


def test_forms_cannot_save(service: RunningService) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = {"Content-Type": content_type}
        assert service.request("PUT", "/_local/functions/tiny/events/x", b"[]", headers).status == 415
        assert service.request("POST", "/_local/functions/tiny/events/x", b"[]", headers).status in (404, 405)


def test_other_sites_cannot_invoke(service: RunningService) -> None:
    # A form of another site can send any bytes as text/plain. The function must not see them.
    address = "/2015-03-31/functions/tiny/invocations"
    host = {"Host": service.url.removeprefix("http://")}
    own = {"Origin": service.url}
    assert service.request("POST", address, b"[7]", host | own).json() == [7]
    refused = service.request("POST", address, b"[7]", host | {"Origin": "https://evil.example"})
    assert (refused.status, refused.header("x-amzn-errortype")) == (403, "AccessDeniedException")
    rebound = {"Host": "evil.example:9000", "Origin": "http://evil.example:9000"}
    assert service.request("POST", address, b"[7]", rebound).status == 403
    # A client that is no browser may call this machine what it likes.
    assert service.request("POST", address, b"[7]", {"Host": "iris:9000"}).json() == [7]


def test_other_sites_cannot_read_what_the_service_is(service: RunningService) -> None:
    # GetFunctionConfiguration tells the environment. A browser that DNS sent here says nothing of itself in a GET.
    for address in ("/2015-03-31/functions/tiny/configuration", "/_local/metrics", "/_local/metrics.prometheus"):
        assert service.request("GET", address).status == 200
        assert service.request("GET", address, headers={"Host": "host.docker.internal:9000"}).status == 200
        assert service.request("GET", address, headers={"Host": "evil.example:9000"}).status == 403
        assert service.request("GET", address, headers={"Sec-Fetch-Site": "cross-site"}).status == 403


def test_a_service_on_all_addresses_accepts_any_host(project: Path) -> None:
    calls = {"method": "GET", "served_host": "0.0.0.0", "is_loopback": False}
    assert find_foreign_call(headers={"Host": "iris:9000"}, **calls) == ""
    assert find_foreign_call(headers={"Host": "iris:9000", "Origin": "http://iris:9000"}, **calls)


def test_the_log_is_streamed_as_it_grows(service: RunningService) -> None:
    function = described(service)
    assert service.request("POST", function["invocations"], b"[7]").json() == [7]
    while True:  # the answer may be here before the REPORT
        log = service.request("GET", "/_local/log").json()
        lines = log["lines"]
        if lines[-1]["text"].startswith("REPORT RequestId: "):
            break
    assert lines[-1]["source"] == "platform"
    newer = service.request("GET", f"/_local/log?after={lines[-2]['sequence']}").json()["lines"]
    assert newer == lines[-1:]
    for wrong in ("after=x", "after=1&wait=x", "wait="):
        assert service.request("GET", f"/_local/log?{wrong}").status == 400

    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(
            service.request("GET", f"/_local/log?after={lines[-1]['sequence']}&wait=20").json()
        )
    )
    waiting.start()
    while not answers and waiting.is_alive():
        service.request("POST", function["invocations"], b"[8]")
        waiting.join(0.2)
    waiting.join(10)
    assert answers[0]["lines"][0]["sequence"] == lines[-1]["sequence"] + 1
    assert answers[0]["service"] == log["service"]


def test_a_waiting_log_request_does_not_delay_shutdown(project: Path) -> None:
    with running(make_settings(directory=project / "function")) as service:
        waiting = threading.Thread(target=lambda: service.request("GET", "/_local/log?wait=20"))
        waiting.start()
        time.sleep(0.2)
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_wait_ends_without_a_line(service: RunningService) -> None:
    assert service.request("GET", "/_local/log?after=0&wait=0.05").json()["lines"] == []


def test_a_function_that_owns_the_root_leaves_the_page_its_other_address() -> None:
    with running(make_settings(route="/", stage="$default")) as service:
        assert service.lambda_ is not None
        assert service.lambda_.addresses.page == f"{service.url}/_local/"
        assert b"<!doctype html>" not in service.request("GET", "/").body
        assert b"<!doctype html>" in service.request("GET", "/_local/").body

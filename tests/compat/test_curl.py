"""The curl commands that the documentation shows, run by curl."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.compat.conftest import Served
from tests.support.requirement import Missing, require
from tests.support.spread import spread

ROW = "[5.1,3.5,1.4,0.2]"


def find_curl() -> str:
    found = shutil.which("curl")
    if found is None:
        raise Missing("there is no curl on this machine")
    return found


def curl(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, bytes]:
    """Status, content type, body."""
    command = [
        require(find_curl),
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "30",
        *map(str, arguments),
    ]
    command += ["--write-out", "%{stderr}%{http_code} %{content_type}"]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=40, check=True)
    status, _, content_type = done.stderr.decode().partition(" ")
    return int(status), content_type, done.stdout


def setosa(answer: Any) -> bool:
    return bool(answer["prediction"] == "setosa" and answer["probabilities"]["setosa"] > 0.9)


@pytest.mark.parametrize(
    "options",
    spread(
        [
            ["-XPOST", "-d", ROW],  # a form, says curl
            ["-H", "Content-Type: application/json", "-d", ROW],
            ["--json", ROW],
            ["-H", "Content-Type:", "-d", ROW],
            [
                "--json",
                '{"sepal length (cm)":5.1,"sepal width (cm)":3.5,"petal length (cm)":1.4,"petal width (cm)":0.2}',
            ],
            ["--compressed", "-H", "Expect: 100-continue", "-d", ROW],
            ["-H", "Transfer-Encoding: chunked", "--json", ROW],
            ["--http1.0", "-d", ROW],
        ],
        3,
    ),
)
def test_one_row(served: Served, options: list[str]) -> None:
    status, content_type, body = curl(*options, f"{served.service.url}/iris")
    assert (status, content_type) == (200, "application/json")
    assert setosa(json.loads(body))


def test_the_invoke_api(served: Served) -> None:
    url = f"{served.service.url}/2015-03-31/functions/iris/invocations"
    status, _, body = curl("-XPOST", url, "-d", ROW)
    assert status == 200
    assert setosa(json.loads(body))


def test_files(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    served.named.to_csv(path, index=False, lineterminator="\r\n")
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    url, csv = f"{served.service.url}/iris", "Content-Type: text/csv"
    plain = curl("--data-binary", f"@{path}", "-H", csv, url)
    as_gzip = ("--data-binary", f"@{packed}", "-H", "Content-Encoding: gzip")
    zipped = curl(*as_gzip, "-H", "Content-Type: application/csv", url)
    piped = curl("--data-binary", "@-", "-H", csv, url, stdin=path.read_bytes())
    assert plain == zipped == piped
    assert [item["prediction"] for item in json.loads(plain[2])["predictions"]] == served.labels
    # An HTTP API decodes a body with a text content type: the bytes are lost before a function sees them.
    status, _, body = curl(*as_gzip, "-H", csv, url)
    assert (status, "send it as application/csv" in json.loads(body)["detail"]) == (400, True)
    packed.write_bytes(gzip.compress(ROW.encode()))
    assert setosa(json.loads(curl(*as_gzip, url)[2]))
    # `-d @file` takes the ends of the lines away; that must not pass for one long row.
    status, content_type, _ = curl("-d", f"@{path}", "-H", csv, url)
    assert (status, content_type) == (400, "application/problem+json")


def test_the_card_and_what_is_refused(served: Served) -> None:
    url = f"{served.service.url}/iris"
    assert json.loads(curl(url)[2])["classes"] == list(served.iris.classes_)
    assert curl("-XDELETE", url)[0] == 405
    assert curl("--form", "row=1", url)[0] == 415
    status, _, body = curl("-d", "sepal=5.1", url)
    assert status == 400
    assert "looks like a form" in json.loads(body)["detail"]

"""`serve` of several functions and of any folder, from outside: the process, its options, its addresses."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.cli.options.environment import read_environment

HANDLER = """\
import os

def handler(event, context):
    return {"name": context.function_name, "memory": context.memory_limit_in_mb, "color": os.environ.get("COLOR"),
            "route": event.get("routeKey"), "format": event.get("version"), "stage": event.get("requestContext", {}).get("stage")}
"""


@contextlib.contextmanager
def serving(*arguments: str | Path) -> Iterator[dict[str, Any]]:
    """The addresses that it prints; Ctrl-C and a clean exit at the end."""
    command = [sys.executable, "-m", "iris_model.cli", "serve", *map(str, arguments), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, 130)


def call(url: str, payload: Any = None) -> Any:
    """POST JSON, or GET."""
    body = None if payload is None else json.dumps(payload).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as response:
        return json.load(response)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plain Lambda function without iris-model."""
    directory = tmp_path / "my folder"
    directory.mkdir()
    (directory / "lambda_function.py").write_text(HANDLER)
    return directory


@pytest.mark.parametrize("runtime", ["iris_model", pytest.param("awslambdaric", marks=pytest.mark.awslambdaric)])
def test_any_folder_with_settings_from_the_command_line(folder: Path, tmp_path: Path, runtime: str) -> None:
    (tmp_path / "env").write_text("# colours\nexport COLOR='green'\nSHAPE=round\n")
    options = ["--handler", "lambda_function.handler", "--runtime", runtime, "--memory", "256", "--function-url", "0"]
    options += [
        "--env-file",
        str(tmp_path / "env"),
        "--env",
        "COLOR=blue",
        "--route",
        "GET /a/{b}",
        "--route",
        "$default",
    ]
    options += ["--stage", "prod"]
    with serving(folder, *options) as told:
        assert call(told["function"], {}) == {
            "name": "my-folder",
            "memory": "256",
            "color": "blue",
            "route": None,
            "format": None,
            "stage": None,
        }
        origin = told["page"].rstrip("/")
        assert call(f"{origin}/prod/a/1")["route"] == "GET /a/{b}"
        assert call(f"{origin}/prod/a/1", {})["route"] == "$default"
        assert call(told["function_urls"]["my-folder"])["stage"] == "$default"
        numbers = call(told["metrics"])
        (function,) = numbers["functions"]
        assert function["cost"]["architectures"]["arm64"]["per_million"]


def test_several_functions(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "lambda_function.py").write_text(HANDLER)
    with serving(folder, other, "--handler", "lambda_function.handler") as told:
        assert [call(each["invocations"], {})["name"] for each in told["functions"]] == ["my-folder", "other"]
        assert [call(each["route"])["route"] for each in told["functions"]] == ["ANY /my-folder", "ANY /other"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--env", "COLOR"], "expected NAME=VALUE"),
        (["--env-file", "/nowhere"], "cannot be read"),
        (["--throttle", "fast"], "expected requests/s"),
        (["--route", "nowhere"], "route is 'nowhere'; expected a path"),
        (["--memory", "1"], "memory is 1; expected"),
    ],
)
def test_wrong_options_are_one_message(folder: Path, options: list[str], expected: str) -> None:
    result = CliRunner().invoke(cli, ["serve", str(folder), "--handler", "lambda_function.handler", *options])
    assert result.exit_code in (1, 2)
    assert expected in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_options_of_one_function_refuse_two(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["serve", str(folder), str(folder), "--name", "x"])
    assert result.exit_code == 2
    assert "--name is for one function" in result.stderr


def test_environment_file_lines(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("A1=1\n\n# no\nB1 = \"two words\"\nexport C1='x'\nD1=a=b\n")
    assert read_environment(["A1=9"], [file]) == {"A1": "9", "B1": "two words", "C1": "x", "D1": "a=b"}

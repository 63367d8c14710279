"""Each command as a user runs it: its output, the files it writes, and its exit code."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.project import package_project
from tests.support.projects import SETTINGS, FakeChoice, write_project

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "examples/iris/iris_trained_model.pkl"


def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `init` makes, packaged."""
    directory = tmp_path_factory.mktemp("cli") / "iris"
    assert run("init", directory).exit_code == 0
    assert run("package", directory).exit_code == 0
    return directory


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function without a model: it answers the event, or fails if the event asks for it."""
    app = "def handler(event, context):\n    print('got', event)\n    return 1 / 0 if event == 'fail' else event\n"
    project = write_project(tmp_path_factory.mktemp("echo"), {"app.py": app}, settings=SETTINGS + "timeout = 20\n")
    return package_project(project, choose=FakeChoice()).directory


# --- init ---


def test_init_says_what_to_do_next(tmp_path: Path):
    result = run("init", tmp_path / "iris")
    assert result.exit_code == 0
    assert f"iris-model serve {tmp_path}/iris" in result.output


def test_init_for_a_model_makes_a_project_that_packages_and_answers(tmp_path: Path):
    made = run("init", tmp_path / "mine", "--model", MODEL, "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout)["executor"] == "compiled"
    answered = run("invoke", tmp_path / "mine", "--event", "one-row")
    assert answered.exit_code == 0, answered.output
    assert json.loads(answered.stdout)["prediction"] in ("setosa", "versicolor", "virginica")
    assert run("invoke", tmp_path / "mine", "--event", "bad-count").exit_code == 3


def test_an_mlflow_model_directory_is_inspected_and_made_a_project_of(tmp_path: Path):
    saved = tmp_path / "saved"
    saved.mkdir()
    columns = json.dumps([{"type": "double", "name": name} for name in ("a", "b", "c", "d")])
    (saved / "MLmodel").write_text(
        f"flavors:\n  sklearn:\n    pickled_model: model.pkl\nsignature:\n  inputs: '{columns}'\n"
    )
    shutil.copyfile(MODEL, saved / "model.pkl")
    assert json.loads(run("inspect", saved, "--json").stdout)["class"] == "sklearn.pipeline.Pipeline"
    assert run("init", tmp_path / "made", "--model", saved).exit_code == 0
    assert (tmp_path / "made/model.pkl").read_bytes() == (saved / "model.pkl").read_bytes()
    # The names of its signature are those that its callers send.
    answered = run(
        "invoke",
        tmp_path / "made",
        '{"dataframe_split": {"columns": ["d", "c", "b", "a"], "data": [[0.2, 1.4, 3.5, 5.1]]}}',
    )
    assert json.loads(answered.stdout) == {"predictions": ["setosa"]}
    (saved / "MLmodel").unlink()
    refused = run("inspect", saved)
    assert refused.exit_code == 1
    assert "without a file MLmodel" in refused.stderr


def test_init_overwrites_nothing(tmp_path: Path):
    (tmp_path / "app.py").write_text("mine")
    result = run("init", tmp_path)
    assert result.exit_code == 1
    assert "error: " in result.stderr
    assert "is not empty" in result.stderr


def test_options_for_a_model_without_a_model_are_a_usage_error(tmp_path: Path):
    assert run("init", tmp_path / "p", "--data", "rows.csv").exit_code == 2


# --- inspect ---


def test_inspect_says_class_version_and_outlook():
    found = json.loads(run("inspect", MODEL, "--json").stdout)
    assert found["class"] == "sklearn.pipeline.Pipeline"
    assert found["versions"]["scikit-learn"]
    assert found["refused"] == []
    assert "a converter for sklearn.pipeline.Pipeline exists" in found["outlook"] or found["outlook"].startswith("yes")


class Malicious:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_inspect_names_what_is_not_allowed_and_runs_nothing(tmp_path: Path):
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Malicious(tmp_path / "was-run")))
    result = run("inspect", tmp_path / "evil.pkl")
    assert result.exit_code == 0
    assert re.search(r"untrusted +(posix|os)\.system", result.output)
    assert not (tmp_path / "was-run").exists()


# --- compile ---


def test_compile_writes_a_file_that_safetensors_itself_opens(tmp_path: Path):
    from safetensors import safe_open

    output = tmp_path / "model.safetensors"
    result = run("compile", MODEL, "-o", output, "--report", "--data", ROOT / "examples/iris/iris.csv")
    assert result.exit_code == 0, result.output
    assert "rows compared with the original" in result.output
    with safe_open(output, "numpy") as file:
        assert file.metadata()["format"] == "iris-model/1"


def test_compile_into_a_directory_that_does_not_exist_is_one_sentence(tmp_path: Path):
    result = run("compile", MODEL, "-o", tmp_path / "none/model.safetensors")
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.stderr


def test_compile_over_a_directory_advises_a_file_in_it(tmp_path: Path):
    result = run("compile", MODEL, "-o", tmp_path)
    assert result.exit_code == 1
    assert "cannot be written: Is a directory\nhint: Name a file in the directory." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_inspect_shows_a_small_file_in_bytes(tmp_path: Path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({}))
    assert "m.pkl: 5 bytes, sha256 " in run("inspect", tmp_path / "m.pkl").output


def test_compile_of_what_is_no_model_is_one_sentence(tmp_path: Path):
    (tmp_path / "m.pkl").write_text("hello")
    result = run("compile", tmp_path / "m.pkl")
    assert result.exit_code == 1
    assert "error: " in result.stderr
    assert not (tmp_path / "m.safetensors").exists()


# --- package ---


def test_package_says_which_executor_and_that_nothing_changed(iris: Path):
    result = run("package", iris)
    assert result.exit_code == 0
    assert "is up to date" in result.output
    assert "Executor compiled:" in result.output
    assert json.loads(run("package", iris, "--json").stdout)["unchanged"] is True


def test_package_of_a_bad_settings_file_lists_all_problems(tmp_path: Path):
    write_project(tmp_path, settings=SETTINGS + "memory = 1\ntimeot = 3\n")
    result = run("package", tmp_path)
    assert result.exit_code == 1
    assert "memory = 1: expected" in result.stderr
    assert "did you mean timeout?" in result.stderr


# --- invoke, here ---


def test_invoke_takes_a_payload(iris: Path):
    assert json.loads(run("invoke", iris, "[5.7,2.8,4.5,1.3]").stdout)["prediction"] == "versicolor"


@pytest.mark.parametrize(
    ("event", "prediction"),
    [("setosa", "setosa"), ("versicolor", "versicolor"), ("virginica", "virginica")],
)
def test_the_events_of_the_example_are_what_their_names_say(iris: Path, event: str, prediction: str):
    assert json.loads(run("invoke", iris, "--event", event).stdout)["prediction"] == prediction


def test_a_failing_function_exits_with_3_and_prints_its_error(iris: Path):
    result = run("invoke", iris, "--event", "bad-text")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["errorType"] == "InvalidInput"


def test_invoke_reads_a_file_stdin_and_shows_the_log(echo: Path, tmp_path: Path):
    (tmp_path / "event.json").write_text('{"a": 1}')
    assert json.loads(run("invoke", echo, f"@{tmp_path}/event.json").stdout) == {"a": 1}
    result = run("invoke", echo, "-", "--log", stdin='"from stdin"')
    assert json.loads(result.stdout) == "from stdin"
    assert "got from stdin" in result.stderr
    assert "REPORT RequestId:" in result.stderr


def test_invoke_as_json_has_payload_error_and_log(echo: Path):
    result = run("invoke", echo, '"fail"', "--json")
    assert result.exit_code == 3
    value = json.loads(result.stdout)
    assert value["payload"]["errorType"] == "ZeroDivisionError"
    assert value["function_error"] == "Unhandled"
    assert "got fail" in value["log"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "expected"),
    [
        ([], 2, "the payload is missing"),
        (["PROJECT"], 2, "the payload is missing"),
        (["PROJECT", "[5.1,", "3.5]"], 2, "quote the payload"),
        (["PROJECT", "[1]", "--event", "x"], 2, "cannot be used together"),
        (["PROJECT", "[1,"], 1, "is not JSON"),
        (["PROJECT", "@gone.json"], 1, "gone.json cannot be read: No such file"),
        (["PROJECT", "-"], 1, "stdin is not JSON: it is empty"),
        (["PROJECT", "--event", "setosaa"], 1, "did you mean setosa?"),
        (["PROJECT", "--event", "../iris-model"], 1, "has no event"),
        (["nowhere", "[1]"], 1, "there is no nowhere"),
        (["[1]", "--url", "file:///etc/passwd"], 1, "is not an HTTP address"),
        (["[1]", "--url", "http://127.0.0.1:9"], 1, "did not answer"),
        (["[1]", "--url", "http://[::1"], 1, "is not an HTTP address"),
        (["[1]", "--url", "http://host:port/"], 1, "is not an HTTP address"),
        (["[1]", "--url", "http://127.0.0.1:9/ü"], 1, "an ü as %C3%BC"),
        (["[1]", "--url", "http://127.0.0.1:9/a b"], 1, "a space as %20"),
    ],
)
def test_invalid_payloads_are_reported(iris: Path, arguments: list[str], exit_code: int, expected: str):
    result = run("invoke", *[iris if argument == "PROJECT" else argument for argument in arguments], stdin="")
    assert result.exit_code == exit_code
    assert expected in result.stderr


# --- serve, and invoke from outside ---


@pytest.fixture(scope="module")
def served(iris: Path) -> Iterator[dict[str, object]]:
    """The addresses of a served project. At the end: Ctrl-C, a clean exit, no process left."""
    command = [sys.executable, "-m", "iris_model.cli", "serve", str(iris), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_both_curl_lines_work_when_pasted(served: dict[str, object]):
    lines = served["curl"]
    assert isinstance(lines, list) and len(lines) == 2
    for line in lines:
        finished = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True, timeout=20, check=True)
        assert json.loads(finished.stdout)["prediction"] == "setosa"


def test_invoke_by_url_reaches_the_invoke_api_and_the_http_api(served: dict[str, object], iris: Path):
    host = str(served["page"]).rstrip("/")
    for url in (host, served["function"], served["route"]):
        result = run("invoke", "[6.3,3.3,6.0,2.5]", "--url", url)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["prediction"] == "virginica"
    assert "REPORT RequestId:" in run("invoke", iris, "--event", "setosa", "--url", host, "--log").stderr


def test_a_proxy_is_not_asked_for_a_service_of_this_machine(served: dict[str, object], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert run("invoke", "[6.3,3.3,6.0,2.5]", "--url", served["function"]).exit_code == 0
    elsewhere = run("invoke", "[1]", "--url", "http://nobody.invalid/")
    assert "Connection refused" in elsewhere.stderr  # said by the proxy's port, not by the names of the network
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    refused = run("invoke", "[1]", "--url", "http://nobody.invalid/")
    assert refused.stderr.startswith("error: HTTP_PROXY begins with socks5://, expected http:// or https://")


def test_an_error_by_url_exits_with_3_for_each_front_end(served: dict[str, object]):
    direct = run("invoke", "[1]", "--url", served["function"])
    assert (direct.exit_code, json.loads(direct.stdout)["errorType"]) == (3, "InvalidInput")
    http = run("invoke", "[1]", "--url", served["route"])
    assert (http.exit_code, json.loads(http.stdout)["status"]) == (3, 422)


def test_a_service_that_refuses_is_not_a_function_that_failed(served: dict[str, object]):
    url = str(served["function"]).replace("/function/", "/nobody/")
    result = run("invoke", "[1]", "--url", url)
    assert result.exit_code == 1
    assert "404" in result.stderr


def test_serve_on_a_port_in_use_is_one_sentence(served: dict[str, object], iris: Path):
    port = re.search(r":(\d+)/", str(served["page"])).group(1)  # type: ignore[union-attr]
    result = run("serve", iris, "--port", port)
    assert result.exit_code == 1
    assert f"port {port} on 127.0.0.1 is in use by another program" in result.stderr


def test_serve_of_nothing_is_one_sentence(tmp_path: Path):
    result = run("serve", tmp_path)
    assert result.exit_code == 1
    assert "neither a project nor a function directory" in result.stderr


# --- the group ---


def test_version():
    assert re.fullmatch(r"iris-model \d+\.\d+\.\d+\n", run("--version").output)


def test_an_internal_error_is_a_sentence_that_asks_for_a_report(tmp_path: Path):
    from iris_model.cli.group import CommandGroup

    (tmp_path / "broken_command.py").write_text(
        "import click\n@click.command()\ndef broken():\n    {}['no such key']\n"
    )
    group = CommandGroup(
        name="x", commands_table={"broken": ("broken_command", "broken", "Fail.")}, exit_codes={}, help="x"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        result = CliRunner().invoke(group, ["broken"])
    finally:
        sys.path.remove(str(tmp_path))
    assert result.exit_code == 1
    assert "KeyError: 'no such key'" in result.stderr
    assert "--verbose and report the traceback" in result.stderr


def test_ctrl_c_exits_with_130():
    code = (
        "import os, signal, sys; from click.testing import CliRunner; import click; from iris_model.cli.group import "
        "CommandGroup\n"
        "import types; m = types.ModuleType('m'); sys.modules['m'] = m\n"
        "m.c = click.command('c')(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "CommandGroup(name='x', commands_table={'c': ('m', 'c', '')}, exit_codes={}).main(['c'])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 130
    assert "Traceback" not in finished.stderr

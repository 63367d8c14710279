"""The commands that call AWS, without AWS: time spans, event files, and the errors when AWS cannot be reached."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.cli.commands.aws.deploy import _show_outcome, _show_plan, curl_line
from iris_model.cli.commands.aws.events import read_files, write_files
from iris_model.cli.commands.aws.logs import Duration
from iris_model.cli.sources.deployed_image import ChosenImage
from iris_model.errors import ProjectError
from iris_model.image.build import layout_of
from iris_model.oci import Platform, write_layout
from tests.support.base_images import base_image
from tests.support.projects import SETTINGS, write_project

COMMANDS = ("deploy", "status", "logs", "destroy", "doctor", "login")
DIGEST = "sha256:" + "0" * 64


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any configuration of AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def arguments_of(name: str) -> list[str]:
    return ["--image", DIGEST, "--no-verify", "--plan"] if name == "deploy" else []


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_region_each_command_says_where_one_is_set(tmp_path: Path, name: str):
    result = run(name, write_project(tmp_path / "p"), *arguments_of(name))
    assert result.exit_code == 1
    assert "no AWS region is set" in result.output
    assert "--region eu-west-1" in result.output


@pytest.mark.usefixtures("nobody")
def test_a_region_that_only_the_aws_command_reads_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    result = run("status", write_project(tmp_path / "p"))
    assert "boto3 does not read AWS_REGION. Use --region eu-north-1" in " ".join(result.output.split())


@pytest.mark.usefixtures("nobody")
def test_places_of_a_batch_are_checked_before_aws_is_called(tmp_path: Path):
    batch = '[batch]\ninput = "s3://flowers/in/"\noutput = "s3://flowers/out/"\n'
    project = write_project(tmp_path / "p", settings=SETTINGS + 'region = "eu-west-1"\n' + batch)
    for place, said in (
        ("s3://flowers/in", "hint: Use s3://flowers/in/ instead."),
        ("s3://flowers/other/", "hint: Use s3://flowers/in/ or a prefix below it"),
        ("s3://flowers/in/2026-11/", "no AWS credentials"),
    ):
        result = run("batch", place, "s3://flowers/out/", "--project", project, "--plan")
        assert result.exit_code == 1
        assert said in result.output


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("name", COMMANDS)
def test_without_credentials_each_command_says_how_to_get_some(tmp_path: Path, name: str):
    project = write_project(tmp_path / "p", settings=SETTINGS + 'region = "eu-west-1"\n')
    result = run(name, project, *arguments_of(name))
    assert result.exit_code == 1
    assert "no AWS credentials" in result.output
    assert "aws configure" in result.output


@pytest.mark.usefixtures("nobody")
def test_a_missing_stage_is_reported_before_any_question(tmp_path: Path):
    project = write_project(tmp_path / "p", settings=SETTINGS + "[stages.prod]\n")
    result = run("status", project, "--stage", "prd")
    assert result.exit_code == 1 and "did you mean prod?" in result.stderr


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400)])
def test_time_spans(text: str, seconds: int):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1w", "-1m", "1.5h"])
def test_invalid_time_spans(text: str):
    with pytest.raises(click.BadParameter, match="expected a number and s, m, h or d"):
        Duration().convert(text, None, None)


def test_events_of_the_console_become_files_and_differing_ones_are_not_replaced_unasked(tmp_path: Path):
    directory = tmp_path / "events"
    assert write_files(directory, {"b": [1], "a": {"x": "é"}}, force=False) == ["a", "b"]
    assert read_files(directory) == {"a": {"x": "é"}, "b": [1]}
    assert write_files(directory, {"a": {"x": "é"}}, force=False) == []
    with pytest.raises(ProjectError, match="different events with the names b"):
        write_files(directory, {"b": [2]}, force=False)
    assert write_files(directory, {"b": [2]}, force=True) == ["b"]
    assert json.loads((directory / "b.json").read_text()) == [2]
    (directory / "b.json").write_text("{")  # half written by somebody: replaced only when that is asked for
    with pytest.raises(ProjectError, match="different events with the names b"):
        write_files(directory, {"b": [2]}, force=False)


@pytest.mark.parametrize("name", ["../out", ".hidden", "a/b"])
def test_an_event_of_the_console_cannot_leave_the_directory(tmp_path: Path, name: str):
    with pytest.raises(ProjectError, match="cannot be written as a file"):
        write_files(tmp_path / "events", {name: 1}, force=True)
    assert list(tmp_path.rglob("*.json")) == []


def test_events_that_cannot_be_read_are_named(tmp_path: Path):
    with pytest.raises(ProjectError, match="has no test events"):
        read_files(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ProjectError, match=r"bad\.json is not JSON"):
        read_files(tmp_path)


def test_the_line_to_paste_is_quoted_and_says_what_a_closed_endpoint_wants():
    assert curl_line("https://x/a", '["it\'s"]', "open", "eu-west-1").endswith("""-d '["it'"'"'s"]'""")
    assert "Authorization: Bearer $TOKEN" in curl_line("https://x/a", "[1]", "jwt", "eu-west-1")
    # curl would take service and region from the host name, where an endpoint has its own id first.
    api, url = "https://a.execute-api.eu-west-1.amazonaws.com/x", "https://a.lambda-url.eu-west-1.on.aws/"
    assert "--aws-sigv4 aws:amz:eu-west-1:execute-api " in curl_line(api, "[1]", "iam", "eu-west-1")
    assert "--aws-sigv4 aws:amz:eu-west-1:lambda " in curl_line(url, "[1]", "iam", "eu-west-1")


@pytest.mark.parametrize("runtime", ["native", "python", None])
def test_deploy_names_the_runtime_and_why(capsys: pytest.CaptureFixture[str], runtime: str | None):
    outcome = SimpleNamespace(steps=(1,), endpoint="", version="3", verifications=(), measurement=None)
    wanted = SimpleNamespace(
        golden=(), deployment=SimpleNamespace(function="flowers", endpoint=SimpleNamespace(auth="open"))
    )
    transport = SimpleNamespace(endpoint_url=lambda service: "https://x", region="eu-west-1")
    chosen = ChosenImage("sha256:1", lambda *_: None, runtime=runtime, runtime_reason="why" if runtime else "")
    _show_outcome(outcome, wanted, transport, chosen, "[]", as_json=False)
    name = "flowers (runtime native)" if runtime == "native" else "flowers"
    reason = f"Runtime {runtime}: why.\n" if runtime else ""
    assert capsys.readouterr().out == f"{name}: version 3 answers; not verified.\n{reason}"
    _show_outcome(outcome, wanted, transport, chosen, "[]", as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["runtime"], shown["runtime_reason"]) == (runtime, chosen.runtime_reason)
    _show_plan((), [], chosen, as_json=True)
    assert json.loads(capsys.readouterr().out)["runtime"] == runtime


def test_a_template_is_refused_if_the_last_image_is_for_another_architecture(tmp_path: Path):
    """As after `build --arch arm64`: Lambda would refuse the image when the stack is created."""
    project = write_project(tmp_path / "p")
    write_layout(base_image(platform=Platform(architecture="arm64")), layout_of(project))
    result = run("template", project)
    assert result.exit_code == 1
    assert "is for arm64, and the function has x86_64" in result.output
    assert run("template", project, "--image", DIGEST).exit_code == 0
    (project / "iris-model.toml").write_text(f'architecture = "arm64"\n{SETTINGS}')
    assert run("template", project).exit_code == 0


def test_deploy_shows_a_request_of_this_model(capsys: pytest.CaptureFixture[str]):
    outcome = SimpleNamespace(
        steps=(),
        endpoint="https://a.execute-api.eu-west-1.amazonaws.com/x",
        version="3",
        verifications=(),
        measurement=None,
    )
    wanted = SimpleNamespace(
        golden=(), deployment=SimpleNamespace(function="flowers", endpoint=SimpleNamespace(auth="open"))
    )
    transport = SimpleNamespace(endpoint_url=lambda service: "https://x", region="eu-west-1")
    _show_outcome(
        outcome, wanted, transport, ChosenImage("sha256:1", lambda *_: None), '["basic",44,false]', as_json=False
    )
    assert """-d '["basic",44,false]'""" in capsys.readouterr().out

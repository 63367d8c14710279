"""`iris-model invoke`: send one event to a local, served or deployed function."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.bare_model import as_project
from iris_model.cli.sources.deployment import aws_options, connect, read_deployment, stage_option
from iris_model.cli.sources.expected import check_expected
from iris_model.cli.sources.payloads import read_event, read_payload
from iris_model.cli.sources.remote import Answer, post_event
from iris_model.cli.terminal import echo, echo_data, echo_log

FUNCTION_ERROR = 3
DIFFERENT = 2


@click.command()
@click.argument("arguments", nargs=-1, metavar="[PROJECT] [PAYLOAD]")
@click.option("--event", metavar="NAME", help="Send the project's events/NAME.json.")
@click.option("--check", is_flag=True, help="Send each event with an expected answer, and compare.")
@click.option("--url", help="Send to this address: a served function or any HTTP endpoint.")
@click.option("--log", "show_log", is_flag=True, help="Print the log of the invocation to stderr.")
@click.option("--remote", is_flag=True, help="Invoke the deployed function on AWS.")
@stage_option
@aws_options
@json_option
def invoke(
    arguments: tuple[str, ...],
    event: str | None,
    check: bool,
    url: str | None,
    show_log: bool,
    remote: bool,
    stage: str | None,
    profile: str | None,
    region: str | None,
    as_json: bool,
) -> None:
    """Send one event to a function and print the answer.

    PROJECT is a project, a function directory, or a model file. The default is the current directory. PAYLOAD is JSON,
    @FILE, or - for stdin. Without --url or --remote, the function runs once on this machine. If the function returns an error,
    the exit code is 3.

    With --check, every event with an expected answer in events/expected/NAME.json is sent, and the answers are compared.
    Add --event to send only one of them. Numbers that differ only by rounding count as equal. If an answer differs, the
    exit code is 2.

    \b
    Example:
      iris-model invoke examples/iris '[5.1, 3.5, 1.4, 0.2]'
      iris-model invoke model.pkl '[5.1, 3.5, 1.4, 0.2]'
      iris-model invoke examples/iris --event versicolor --log
      iris-model invoke --event versicolor --remote --stage prod --log
      iris-model invoke . --check
      iris-model invoke @row.json --url https://abc123.execute-api.eu-west-1.amazonaws.com/default/iris-prediction
    """

    def send(project: Path, payload: bytes) -> Answer:
        if url:
            return post_event(url, payload, log=show_log or as_json)
        if remote or stage:
            return _invoke_on_aws(project, payload, stage, profile, region)
        return _invoke_here(project, payload)

    if check:
        if len(arguments) > 1:
            raise click.UsageError(f"--check sends the events of the project, and not the payload {arguments[1]}")
        checked = check_expected(Path(*arguments), event, send)
        if as_json:
            echo_json({"events": [{"event": name, "differences": found} for name, found in checked.items()]})
        else:
            for name, found in checked.items():
                echo(f"{name}: {'as expected' if not found else '; '.join(found)}")
        if any(checked.values()):
            raise click.exceptions.Exit(DIFFERENT)
        return
    project, payload_argument = split_arguments(arguments, event)
    payload = read_event(project, event) if event else read_payload(payload_argument, sys.stdin.buffer.read)
    answer = send(project, payload)
    _show(answer, show_log=show_log, as_json=as_json)
    if answer.function_error:
        raise click.exceptions.Exit(FUNCTION_ERROR)


def split_arguments(arguments: tuple[str, ...], event: str | None) -> tuple[Path, str]:
    """Distinguish project and payload. A single argument is a project if it is a path, or if --event gives the payload."""
    expected = "such as '[5.1, 3.5, 1.4, 0.2]', @FILE, - for stdin, or --event NAME"
    if event is not None:
        if len(arguments) > 1:
            raise click.UsageError(f"--event and the payload {arguments[1]} cannot be used together")
        return Path(*arguments), ""
    if len(arguments) == 1 and not _is_path(arguments[0]):
        return Path(), arguments[0]
    if len(arguments) == 2:
        return Path(arguments[0]), arguments[1]
    if len(arguments) > 2:
        raise click.UsageError(f"{len(arguments)} arguments, expected PROJECT and PAYLOAD; quote the payload")
    raise click.UsageError(f"the payload is missing; pass JSON {expected}")


def _is_path(argument: str) -> bool:
    """Return whether a file or directory has this name. A payload may be too long for a name, or contain a null byte."""
    try:
        return Path(argument).exists()
    except (OSError, ValueError):
        return False


def _invoke_here(project: Path, payload: bytes) -> Answer:
    from iris_model.cli.sources.function import find_function

    with progress() as on_step:
        settings = find_function(as_project(project, on_step), on_step)
        on_step("Invoking")
        from iris_model.local import invoke_once

        result = invoke_once(settings, payload)
    return Answer(result.payload, result.function_error, result.log)


def _invoke_on_aws(project: Path, payload: bytes, stage: str | None, profile: str | None, region: str | None) -> Answer:
    settings, deployment = read_deployment(project, stage)
    _, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.deployment import ALIAS
    from iris_model.aws.verification.invoke import invoke as invoke_on_aws

    with progress() as on_step:
        result = invoke_on_aws(aws, deployment.function, ALIAS, payload, on_step)
    return Answer(result.payload.encode(), result.function_error or None, result.log)


def _show(answer: Answer, *, show_log: bool, as_json: bool) -> None:
    if show_log and answer.log:
        echo_log(answer.log.rstrip("\n"), err=True)
    text = answer.payload.decode("utf-8", "replace")
    if as_json:
        echo_json({"payload": _value(text), "function_error": answer.function_error, "log": answer.log})
        return
    echo_data(text.rstrip("\n"))
    if answer.function_error:
        echo(f"The function returned an error ({answer.function_error}).", err=True)


def _value(text: str) -> Any:
    """Return the payload as a JSON value if it is JSON, else as text: an HTTP endpoint may answer with any text."""
    try:
        return json.loads(text)
    except ValueError:
        return text

"""A stuck stack at a terminal: what the command asks, and what it does with the answer."""

from __future__ import annotations

import importlib
import io
from dataclasses import replace

import click
import pytest

from iris_model.aws.cloudformation.stuck import STUCK, StackIsStuck
from iris_model.aws.deploying.deploy import Outcome, Wanted
from tests.aws.conftest import Cloud

command = importlib.import_module("iris_model.cli.commands.aws.deploy")  # the package has the command by that name


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, typed: io.StringIO) -> list[bool]:
    tried: list[bool] = []

    def deploy(aws: object, wanted: Wanted) -> Outcome:
        tried.append(wanted.gets_out)
        if not wanted.gets_out:
            raise StackIsStuck("iris", "DELETE_FAILED", "iris-model deploy")
        return Outcome((), "", "1")

    monkeypatch.setattr(command, "_deploy", deploy)
    monkeypatch.setattr("sys.stdin", typed)
    command._deploy_or_ask(cloud.aws, replace(cloud.wanted()))
    return tried


def test_a_stuck_stack_is_repaired_after_confirmation(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run(cloud, monkeypatch, Terminal("y\n")) == [False, True]
    said = capsys.readouterr().err
    assert "the stack iris is DELETE_FAILED: an earlier deletion did not finish" in said
    assert "Delete the stack iris, whose earlier deletion did not finish? [y/N]" in said


def test_no_changes_nothing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(click.Abort):
        run(cloud, monkeypatch, Terminal("n\n"))


def test_without_a_terminal_the_error_names_the_option(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(StackIsStuck, match="is DELETE_FAILED") as caught:
        run(cloud, monkeypatch, io.StringIO("y\n"))
    assert caught.value.remedy.startswith("iris-model deploy --yes first does this: ")


def test_every_state_is_explained():
    assert set(STUCK) == {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}
    assert all("{stack}" in each.does for each in STUCK.values())

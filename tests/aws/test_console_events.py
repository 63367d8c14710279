"""Test events shared with the console, through the command line and HTTP: from one machine to another, without losing one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.world import World, make_world, shared_events
from tests.support.aws_wire import serve_aws


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serve_aws() as wire:
        yield make_world(wire, tmp_path)


def run(world: World, command: str, expect: int = 0) -> str:
    done = world.run(command)
    assert done.exit_code == expect, done.output
    return done.output


def test_pushed_events_can_be_listed_and_pulled(world: World):
    events = world.home / "iris/events"
    (events / "two.json").write_text('{"body": "é", "n": 1.50}')
    assert run(world, "events push") == "one\ntwo\n"
    assert run(world, "events list") == "one\ntwo\n"
    before = {path.name: json.loads(path.read_bytes()) for path in events.iterdir()}
    for path in events.iterdir():
        path.unlink()
    events.rmdir()
    assert run(world, "events pull") == "one\ntwo\n"
    assert {path.name: json.loads(path.read_bytes()) for path in events.iterdir()} == before
    assert "Nothing to change" in run(world, "events pull") and "Nothing to change" in run(world, "events push")
    assert json.loads(run(world, "events list --json")) == {"action": "list", "events": ["one", "two"]}


def test_the_document_is_what_the_console_and_sam_read(world: World):
    """The registry, the name and `components.examples` are what both look for; the rest is OpenAPI."""
    run(world, "events push")
    calls = [parameters for service, operation, parameters in world.fake.calls if operation == "CreateSchema"]
    assert [(each["RegistryName"], each["SchemaName"], each["Type"]) for each in calls] == [
        ("lambda-testevent-schemas", "_iris-schema", "OpenApi3")
    ]
    document = json.loads(calls[0]["Content"])
    # Its import takes two seconds of each worker that collects this file.
    from openapi_spec_validator import validate

    validate(document)
    assert document["openapi"] == "3.0.0"
    assert document["components"]["examples"] == {"one": {"value": [1.5]}}


def test_a_file_that_was_changed_here_is_replaced_only_when_that_is_asked_for(world: World):
    shared_events({"new": 3, "one": {"theirs": True}})(world)
    mine = world.home / "iris/events/one.json"
    assert "different events with the names one" in run(world, "events pull", expect=1)
    # All or nothing: the new one is not written either.
    assert (mine.read_text(), [path.name for path in mine.parent.iterdir()]) == ("[1.5]", ["one.json"])
    assert run(world, "events pull --force") == "new\none\n"
    assert json.loads(mine.read_bytes()) == {"theirs": True}


def test_events_go_to_the_function_of_the_stage(world: World):
    settings = world.home / "iris/iris-model.toml"
    settings.write_text(settings.read_text() + "[stages.prod]\n")
    run(world, "events push --stage prod")
    assert list(world.fake.schemas) == ["_iris-prod-schema"]
    assert "No events" in run(world, "events list")


def test_an_unwritable_events_directory_is_reported(world: World):
    shared_events({"new": 3})(world)
    (world.home / "iris/events/one.json").unlink()
    (world.home / "iris/events").rmdir()
    (world.home / "iris/events").write_text("a file of that name")
    said = run(world, "events pull", expect=1)
    assert "events/new.json cannot be written" in said and "a bug in iris-model" not in said
    assert (world.home / "iris/events").read_text() == "a file of that name"

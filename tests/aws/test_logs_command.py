"""The log, through the command line and HTTP: the lines, a summary of the REPORT lines, and the output for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.world import World, make_world, refused
from tests.support.aws_wire import serve_aws

REPORT = (
    "REPORT RequestId: 1\tDuration: 2.00 ms\tBilled Duration: 42 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\t"
    "Init Duration: 40.00 ms\t\n"
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serve_aws() as wire:
        made = make_world(wire, tmp_path)
        now = int(time.time() * 1000)
        lines = ["START RequestId: 1\n", "größer\n", REPORT]
        made.fake.log = [
            {"timestamp": now - 3000 + index, "logStreamName": "a", "message": text} for index, text in enumerate(lines)
        ]
        yield made


def test_lines_are_shown_and_reports_summed_up(world: World):
    done = world.run("logs --since 1m")
    assert done.stdout.splitlines()[:2] == ["START RequestId: 1", "größer"]
    assert done.stderr == "1 invocations, 1 cold starts; warm 2.0 ms, cold 42 ms; at most 20 of 128 MB\n"
    assert [line["text"] for line in json.loads(world.run("logs --json").stdout)["lines"]][1] == "größer"


def test_follow_prints_one_json_object_per_line(world: World):
    """A refusal ends the command; the lines that were printed stay."""
    asked: list[str] = []
    refused("FilterLogEvents", "AccessDeniedException", "not authorized to perform: logs:FilterLogEvents", 400)(world)
    refuse = world.wire.refuse
    world.wire.refuse = lambda service, name, parameters: (
        refuse(service, name, parameters) if asked else asked.append(name)
    )
    done = world.run("logs --follow --json")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()][1] == "größer"
    assert done.exit_code == 1 and "logs:FilterLogEvents" in done.stderr

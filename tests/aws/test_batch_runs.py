"""Runs of a batch: what is stored where, and whether the roles of the template have the rights for it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from iris_model.aws.batching.parts import find_missing, make_run, write_list
from iris_model.aws.cloudformation.parts.batch import add_batch
from iris_model.aws.cloudformation.yaml_text import plain
from iris_model.contract.batch import Batch, is_within, split_place
from iris_model.contract.deployment import Deployment

BARE = Deployment(function="iris", stack="iris", repository="iris")
ALLOWED = Batch("s3://flowers/in/", "s3://flowers/out/")


class Bucket:
    """The calls of `Aws` that a run needs, on a dictionary."""

    def __init__(self, **sizes: int) -> None:
        self.sizes = {f"in/{name}.csv": size for name, size in sizes.items()}
        self.written: dict[str, bytes] = {}

    def pages(self, service: str, operation: str, resource: str, field: str, *, Bucket: str, Prefix: str) -> Any:
        return [
            {"Key": key, "ETag": '"1"', "Size": size}
            for key, size in {**self.sizes, **dict.fromkeys(self.written, 1)}.items()
            if key.startswith(Prefix)
        ]

    def call(self, service: str, operation: str, resource: str, *, Bucket: str, Key: str, Body: bytes) -> Any:
        self.written[Key] = Body


def allows(statements: list[Any], action: str, key: str) -> bool:
    def fits(pattern: Any) -> bool:
        text = re.sub(
            r"\$\{AWS::Partition\}", "aws", plain(pattern)["Fn::Sub"] if not isinstance(pattern, str) else pattern
        )
        return bool(re.fullmatch(re.escape(text).replace(r"\*", ".*"), f"arn:aws:s3:::flowers/{key}"))

    return any(
        action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"]) and fits(each["Resource"])
        for each in statements
        if "s3:" in str(each["Action"])
    )


@pytest.mark.parametrize("output", ["s3://flowers/out/", "s3://flowers/out/2026-11/"])
def test_the_role_may_read_the_list_of_a_run_below_the_output(output: str) -> None:
    """The documentation allows a place below `output`."""
    aws: Any = Bucket(a=10, b=3)
    run = make_run(aws, "s3://flowers/in/", output, "iris:1", 4, reports=ALLOWED.output)
    write_list(aws, run, run.parts)
    part = add_batch(replace(BARE, batch=ALLOWED))
    role = part.resources["BatchRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert list(aws.written) == [run.list_key]
    assert allows(role, "s3:GetObject", run.list_key) and allows(role, "s3:PutObject", f"{run.list_key}/../reports/x")
    assert not allows(role, "s3:GetObject", "in/a.csv") and not allows(role, "s3:PutObject", run.parts[0].output)
    assert all(allows(part.statements, "s3:PutObject", each.output) for each in run.parts)
    assert all(allows(part.statements, "s3:GetObject", each.key) for each in run.parts)


def test_runs_with_different_outputs_have_different_names() -> None:
    """Otherwise two runs at the same time would share one list of parts."""
    aws: Any = Bucket(a=10)
    places = ("s3://flowers/out/", "s3://flowers/out/b/")
    one, other = (make_run(aws, "s3://flowers/in/", place, "iris:1", 4, reports=ALLOWED.output) for place in places)
    assert one.name != other.name and one.list_key != other.list_key
    assert find_missing(aws, one) == one.parts and len(one.parts) == 3


@pytest.mark.parametrize("place", ["s3://flowers/in/a#b/", "s3://flowers/in/a?b/", "s3://flowers/in/a%20b/"])
def test_every_character_of_an_s3_prefix_is_kept(place: str) -> None:
    """A shorter prefix would score other objects too."""
    assert split_place(place) == ("flowers", place.removeprefix("s3://flowers/"))


def test_only_s3_addresses_are_accepted() -> None:
    assert is_within("s3://flowers/in/x", ALLOWED.input)
    for other in ("flowers/in/x", "https://flowers/in/x", "s3://flowers", "s3://other/in/", "s3:///in/"):
        assert not is_within(other, ALLOWED.input)


def test_a_throttled_part_waits_longer_than_a_failed_one() -> None:
    """With more parts at the same time than the account has sandboxes, most calls are throttled at first."""
    machine = add_batch(replace(BARE, batch=ALLOWED)).resources["Batch"]["Properties"]
    score = json.loads(machine["DefinitionString"])["States"]["Parts"]["ItemProcessor"]["States"]["Score"]
    throttled, failed = score["Retry"]
    assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"] and failed["ErrorEquals"] == ["States.ALL"]
    assert throttled["MaxAttempts"] > failed["MaxAttempts"]

"""`[events.NAME]`: what is read, the limits of AWS, and what would lose answers or make a loop."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from iris_model.contract.event_source import EVENTS_VARIABLE
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.packaging.description import describe_settings
from iris_model.project.packaging.shipped import shipped_files

ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
QUEUE, FIFO, ANSWERS = (ARN.format("sqs", name) for name in ("rows", "rows.fifo", "answers"))
STREAM, CLUSTER, TOPIC = ARN.format("kinesis", "stream/s"), ARN.format("kafka", "cluster/c/1-2"), ARN.format("sns", "t")
TABLE, BUS, BUCKET = ARN.format("dynamodb", "table/t"), ARN.format("events", "event-bus/b"), "arn:aws:s3:::rows"
CHANGES = f"{TABLE}/stream/2026-01-01T00:00:00.000"


def read(directory: Path, text: str, stage: str | None = None) -> ProjectSettings:
    (directory / "iris-model.toml").write_text(f'name = "iris"\nmodel = "m.pkl"\n{text}')
    return read_settings(directory, stage)


def table(name: str = "rows", **values: Any) -> str:
    lines = [f"{key.replace('_', '-')} = {json.dumps(value)}\n" for key, value in values.items()]
    return f"[events.{name}]\n{''.join(lines)}"


def test_an_entry_reaches_the_runtime_and_the_local_service(tmp_path: Path):
    settings = read(
        tmp_path, table(source=QUEUE, answers=ANSWERS, batch_size=100, window=5, filter=['{"body": {"a": [1]}}'])
    )
    (found,) = settings.deployment.events
    assert (found.kind, found.batch_size, found.window, found.filter) == ("sqs", 100, 5, ('{"body": {"a": [1]}}',))
    assert settings.deployment.keys == ("events",)
    variable = json.loads(settings.deployment.environment[EVENTS_VARIABLE])
    assert variable == {"rows": {"source": QUEUE, "answers": ANSWERS}}
    local = json.loads(describe_settings(settings)["environment"][EVENTS_VARIABLE])
    assert local == {"rows": {"source": QUEUE, "answers": "log"}}


def test_a_function_without_events_ships_nothing_of_them(tmp_path: Path):
    settings = read(tmp_path, "")
    assert EVENTS_VARIABLE not in settings.deployment.environment and not settings.has_events
    without, with_events = (shipped_files("compiled", ("linear",), events=each) for each in (False, True))
    more = set(with_events) - set(without)
    assert more and all(name.startswith("iris_model/runtime/event_sources/") for name in more)


def test_a_stage_has_its_own_sources(tmp_path: Path):
    """A message of a queue goes to one function only, so a stage does not inherit the queue of the project."""
    own = f"[stages.prod.events.rows]\nsource = {json.dumps(FIFO)}\nanswers = {json.dumps(ANSWERS)}\n"
    text = table(source=QUEUE, answers=ANSWERS) + "[stages.test]\nmemory = 256\n" + own
    assert [each.source for each in read(tmp_path, text).deployment.events] == [QUEUE]
    assert [each.source for each in read(tmp_path, text, "prod").deployment.events] == [FIFO]
    staged = read(tmp_path, own)
    assert staged.deployment.events == () and staged.has_events  # the stages share one image
    assert read(tmp_path, text, "test").deployment.events == ()
    with pytest.raises(ProjectError, match=r"\[stages.prod\] events.rows.batch-size = 11: expected at most 10"):
        read(tmp_path, own + "batch-size = 11\n")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"source": "queue"}, r'events.rows.source = "queue": expected the ARN of an SQS queue'),
        ({"answers": ANSWERS}, "events.rows.source is missing"),
        ({"source": QUEUE}, "events.rows.answers is missing: expected the ARN of a queue, stream, bucket or table"),
        ({"source": TOPIC}, "answers is missing: .* or set on-success, which then gets the answers"),
        ({"source": QUEUE, "answers": TOPIC}, "events.rows.answers = .*: expected the ARN of an SQS queue, a Kinesis"),
        ({"source": QUEUE, "answers": QUEUE}, "events.rows.answers is also its source: each answer would be the next"),
        ({"source": BUCKET, "answers": f"{BUCKET}/out/"}, "answers is also its source"),
        ({"source": CHANGES, "answers": TABLE}, "answers is also its source"),
        ({"source": QUEUE, "answers": ANSWERS, "batch_size": 11}, "expected a window of at least 1 with more than 10"),
        ({"source": QUEUE, "answers": ANSWERS, "batch_size": 10_001, "window": 1}, "expected an integer from 1 to 10000"),
        ({"source": QUEUE, "answers": ANSWERS, "window": 301}, "expected an integer from 0 to 300 s"),
        ({"source": QUEUE, "answers": ANSWERS, "concurrency": 1}, "expected an integer from 2 to 1000"),
        ({"source": FIFO, "answers": ANSWERS, "batch_size": 11}, "expected at most 10 for a FIFO queue"),
        ({"source": FIFO, "answers": ANSWERS, "window": 1}, "window has no effect for a FIFO queue"),
        ({"source": QUEUE, "answers": ANSWERS, "retries": 1}, "retries has no effect for sqs; expected it only for kinesis"),
        ({"source": STREAM, "answers": ANSWERS, "concurrency": 2}, "concurrency has no effect for kinesis"),
        ({"source": STREAM, "answers": ANSWERS, "starting_position": "first"}, 'expected one of "latest", "trim-horizon"'),
        ({"source": CLUSTER, "answers": ANSWERS}, "events.rows.topic is missing: expected the name of a Kafka topic"),
        ({"source": BUS, "answers": ANSWERS}, "events.rows.filter: expected one event pattern"),
        ({"source": QUEUE, "answers": ANSWERS, "filter": ["{a"]}, "filter.*expected a list of strings, each a JSON object"),
        ({"source": QUEUE, "answers": ANSWERS, "filter": ["{a}"]}, "is not a JSON object"),
        ({"source": QUEUE, "answers": ANSWERS, "filter": ["{}"] * 6}, "filter has 6 patterns; expected at most 5"),
        ({"source": QUEUE, "answers": ANSWERS, "function_response_types": ["All"]}, "each one of \"ReportBatchItemFailures\""),
        ({"source": BUCKET, "answers": ANSWERS, "batch_size": 5}, "batch-size has no effect for s3"),
        ({"source": "redshift", "answers": ANSWERS}, "answers and failures have no effect; the answers go back"),
        ({"source": QUEUE, "answers": ANSWERS, "batchsize": 5}, "did you mean batch-size"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, values: dict[str, Any], expected: str):
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, table(**values))
    assert re.search(expected, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (table("a-b", source=QUEUE, answers=ANSWERS), "expected a name of 1 to 32 letters and digits"),
        (table("a", source=QUEUE, answers=ANSWERS) + table("b", source=QUEUE, answers=ANSWERS), "also the source of events.a"),
        (
            "".join(table(name, source=f"{BUS}{name}", answers=ANSWERS, filter=["{}"]) for name in "ab"),
            "events has 2 event buses",
        ),
        ('environment = { IRIS_MODEL_EVENTS = "x" }\n' + table(source=QUEUE, answers=ANSWERS), r"\[events\] sets this variable"),
        ("events = 1\n", r"events: expected tables, \[events.NAME\]"),
        ("[events]\nrows = 1\n", r"events.rows = 1: expected a table, \[events.rows\]"),
        (
            "".join(table(f"e{n}", source=f"{QUEUE}{n}", answers=ANSWERS) for n in range(40)),
            r"bytes, with \[events\]; Lambda accepts",
        ),
    ],
)  # fmt: skip
def test_mistakes_between_tables_are_named(tmp_path: Path, text: str, expected: str):
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, text)
    assert re.search(expected, str(caught.value)), str(caught.value)


def test_on_success_takes_the_answers_of_asynchronous_events(tmp_path: Path):
    on_success = f"on-success = {json.dumps(ARN.format('sqs', 'answered'))}\n"
    assert len(read(tmp_path, on_success + table(source=TOPIC)).deployment.events) == 1


def test_a_batch_is_answered_by_the_same_modules(tmp_path: Path):
    settings = read(tmp_path, '[batch]\ninput = "s3://flowers/in/"\noutput = "s3://flowers/out/"\n')
    assert settings.has_events and settings.deployment.environment[EVENTS_VARIABLE] == "{}"
    assert settings.deployment.keys == ("batch",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('input = "s3://flowers/in/"', r"\[batch\]: expected output too"),
        ('input = "s3://flowers/"\noutput = "s3://flowers/out/"', "batch.output is below batch.input"),
        ('input = "s3://flowers/in/"\noutput = "s3://flowers/in/"', "batch.output is below batch.input"),
        ('input = "flowers/in"\noutput = "s3://flowers/out/"', "expected a prefix in S3"),
        ('input = "s3://flowers/in"\noutput = "s3://flowers/out/"', 'a prefix in S3 that ends with "/"'),
        ('input = "s3://it/in/"\noutput = "s3://it/out/"', "bucket has 3 to 63 characters"),
        ('input = "s3://flowers/in/"\noutput = "s3://out-of/"\nconcurrency = 10001', "from 1 to 10000"),
    ],
)
def test_a_mistake_in_batch_is_named(tmp_path: Path, text: str, expected: str):
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, f"[batch]\n{text}\n")
    assert re.search(expected, str(caught.value)), str(caught.value)


def test_names_that_differ_in_the_first_letter_only_are_refused(tmp_path: Path):
    """The ids of their resources would be equal, and one source would have no mapping."""
    both = table("orders", source=QUEUE, answers=ANSWERS) + table("Orders", source=STREAM, answers=ANSWERS)
    with pytest.raises(ProjectError, match=r"events\.Orders and events\.orders differ only in the first letter"):
        read(tmp_path, both)

"""`[events.NAME]`: a source of events for the function, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

EVENTS_VARIABLE = "IRIS_MODEL_EVENTS"
"""The environment variable with the entries for the runtime."""

REDSHIFT = "redshift"
STREAMS = ("kinesis", "dynamodb")
POLLED = ("sqs", *STREAMS, "kafka")
"""Sources that Lambda polls: an event source mapping."""
REPORTING = ("sqs", *STREAMS)
"""Sources with partial batch answers. For Kafka, Lambda offers them only in provisioned mode."""
REPORT = "ReportBatchItemFailures"


@dataclass(frozen=True)
class EventSource:
    """One source. A value of None leaves the choice to AWS."""

    name: str
    source: str
    answers: str | None = None
    failures: str | None = None
    batch_size: int | None = None
    window: int | None = None
    filter: tuple[str, ...] = ()
    function_response_types: tuple[str, ...] = (REPORT,)
    starting_position: str = "latest"
    retries: int | None = None
    concurrency: int | None = None
    topic: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    key: str = "id"

    @property
    def kind(self) -> str:
        """The service: `sqs`, `kinesis`, `dynamodb`, `kafka`, `sns`, `s3`, `events`, or `redshift`."""
        return service_of(self.source)

    def describe(self, *, local: bool) -> dict[str, Any]:
        """Return the entry for the runtime. In the local service, answers are written to the log."""
        found: dict[str, Any] = {"source": self.source}
        if self.answers:
            found["answers"] = "log" if local else self.answers
        if self.failures:
            found["failures"] = "log" if local else self.failures
        if self.key != "id":
            found["key"] = self.key
        if self.kind in REPORTING and not self.function_response_types:
            found["reports"] = False
        return found


def service_of(arn: str) -> str:
    """Return the service of an ARN; of `redshift`, that word."""
    return arn if arn == REDSHIFT else arn.split(":")[2]


def describe_events(sources: Iterable[EventSource], *, has_batch: bool = False, local: bool = False) -> dict[str, str]:
    """Return the environment variable for the runtime, or nothing without sources. The parts of a batch are events too."""
    found = {each.name: each.describe(local=local) for each in sources}
    return {EVENTS_VARIABLE: json.dumps(found, separators=(",", ":"), ensure_ascii=False)} if found or has_batch else {}

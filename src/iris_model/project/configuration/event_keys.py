"""The keys of a table `[events.NAME]` of `iris-model.toml`."""

from __future__ import annotations

from iris_model.contract.event_source import REPORT
from iris_model.project.configuration.key import Key

_PLACE = r"[a-z0-9-]+:\d{12}"
_QUEUE = rf"arn:[\w-]+:sqs:{_PLACE}:[\w-]+(?:\.fifo)?"
_STREAM = rf"arn:[\w-]+:kinesis:{_PLACE}:stream/[\w.-]+"
_BUCKET = r"arn:[\w-]+:s3:::[a-z0-9.-]{3,63}"
_IN_BUCKET = rf"{_BUCKET}(?:/[\w!.*'()/=-]*)?"
_TABLE = rf"arn:[\w-]+:dynamodb:{_PLACE}:table/[\w.-]+"
_TABLE_STREAM = rf"{_TABLE}/stream/[\w:.-]+"
_TOPIC = rf"arn:[\w-]+:sns:{_PLACE}:[\w-]+"
_BUS = rf"arn:[\w-]+:events:{_PLACE}:event-bus/[\w./-]+"
_CLUSTER = rf"arn:[\w-]+:kafka:{_PLACE}:cluster/[\w-]+/[\w-]+"

EVENT_KEYS: tuple[Key, ...] = (
    Key(
        "source",
        "text",
        "What sends the events: a queue, stream, topic, bucket, event bus or cluster that exists, or the SQL of Redshift.",
        required=True,
        pattern="|".join(("redshift", _QUEUE, _STREAM, _TABLE_STREAM, _CLUSTER, _TOPIC, _BUCKET, _BUS)),
        pattern_means="the ARN of an SQS queue, a Kinesis stream, a DynamoDB stream, an MSK cluster, an SNS topic that is "
        'not FIFO, an S3 bucket or an event bus, or "redshift"',
    ),
    Key(
        "answers",
        "text",
        "Destination of the answers. A bucket may be followed by a prefix. Required, except for redshift, and for topics, "
        "buckets and event buses with `on-success`, which then gets the answers.",
        pattern="|".join((_QUEUE, _STREAM, _IN_BUCKET, _TABLE)),
        pattern_means="the ARN of an SQS queue, a Kinesis stream, an S3 bucket or a DynamoDB table",
    ),
    Key(
        "failures",
        "text",
        "Destination of records that the model refuses, each with the reason. Without it, such a record fails.",
        pattern=f"{_QUEUE}|{_IN_BUCKET}",
        pattern_means="the ARN of an SQS queue or an S3 bucket",
    ),
    Key(
        "batch-size",
        "integer",
        "Maximum number of records in one event: at most 10 for FIFO queues, 10,000 for other queues, streams and clusters.",
        default_doc="that of AWS: 10 for queues, otherwise 100",
        minimum=1,
        maximum=10_000,
    ),
    Key(
        "window",
        "integer",
        "Longest time to collect a batch. For a queue with a `batch-size` of more than 10: at least 1. Not for FIFO queues.",
        default_doc="that of AWS: 0, for clusters 0.5",
        minimum=0,
        maximum=300,
        unit="s",
    ),
    Key(
        "filter",
        "texts",
        "JSON patterns: only events that match one of them reach the function. For queues, streams and clusters, at most 5 "
        "filter patterns of Lambda; for a topic, one filter policy; for an event bus, one event pattern (required).",
        default=(),
        pattern=r"\s*\{(?s:.)*\}\s*",
        pattern_means="a JSON object",
    ),
    Key(
        "function-response-types",
        "texts",
        "For queues and streams: only failed records are redelivered. With an empty list, one failed record fails the batch.",
        default=(REPORT,),
        choices=(REPORT,),
    ),
    Key(
        "starting-position",
        "text",
        "Where to start reading a stream or cluster: at new records (latest), or at the oldest one (trim-horizon).",
        default="latest",
        choices=("latest", "trim-horizon"),
    ),
    Key(
        "retries",
        "integer",
        "For streams: how often failed records are retried before they go to `failures`. -1: until they expire.",
        default_doc="3 with `failures`, otherwise -1",
        minimum=-1,
        maximum=10_000,
    ),
    Key(
        "concurrency",
        "integer",
        "For queues: maximum number of sandboxes that process their messages.",
        default_doc="no limit",
        minimum=2,
        maximum=1_000,
    ),
    Key(
        "topic",
        "text",
        "Topic of an MSK cluster. Required for clusters.",
        pattern=r"[\w.-]{1,249}",
        pattern_means="the name of a Kafka topic",
    ),
    Key(
        "prefix",
        "text",
        "For buckets: only objects whose key starts with this.",
        pattern=r"[^\s*\"\\]{1,512}",
        pattern_means="the beginning of a key",
    ),
    Key(
        "suffix",
        "text",
        "For buckets: only objects whose key ends with this.",
        pattern=r"[^\s*\"\\]{1,512}",
        pattern_means="the end of a key, such as .csv",
    ),
    Key(
        "key",
        "text",
        "If `answers` is a table: its partition key, a string. It gets the identifier of the record.",
        default="id",
        pattern=r"[\w.-]{1,255}",
        pattern_means="the name of an attribute",
    ),
)

"""Recognize events that are not requests: pings that keep a sandbox warm, and events of other triggers.

Imported only if an event has a key of HINTS in `events.py`.
"""

WARM = {"warm": True}

# `eventSource` of the first record -> the sender.
RECORD_SOURCES = {
    "aws:sqs": "Amazon SQS",
    "aws:sns": "Amazon SNS",
    "aws:kinesis": "Amazon Kinesis",
    "aws:dynamodb": "Amazon DynamoDB Streams",
    "aws:s3": "Amazon S3",
    "aws:ses": "Amazon SES",
    "aws:codecommit": "AWS CodeCommit",
}
SOURCES = {
    "aws:kafka": "Amazon MSK",
    "aws:SelfManagedKafka": "Apache Kafka",
    "SelfManagedKafka": "Apache Kafka",
    "aws:mq": "Amazon MQ",
    "aws:amq": "Amazon MQ",
    "aws:rmq": "Amazon MQ",
}
# Keys that must all be present -> the sender.
BY_KEYS = (
    (("detail-type", "source", "detail"), "Amazon EventBridge"),
    (("deliveryStreamArn", "records"), "Amazon Data Firehose"),
    (("awslogs",), "Amazon CloudWatch Logs"),
    (("iris-model-part",), "iris-model batch"),
    (("invocationSchemaVersion", "tasks"), "Amazon S3 Batch Operations"),
    (("external_function", "arguments", "num_records"), "an Amazon Redshift UDF"),
    (("type", "methodArn"), "an API Gateway authorizer"),
    (("type", "routeArn"), "an API Gateway authorizer"),
    (("messageVersion", "agent"), "an Amazon Bedrock agent"),
    (("info", "arguments"), "AWS AppSync"),
    (("triggerSource", "userPoolId"), "Amazon Cognito"),
    (("sessionState", "bot"), "Amazon Lex"),
    (("RequestType", "ResponseURL"), "AWS CloudFormation"),
    (("invokingEvent", "ruleParameters"), "AWS Config"),
    (("raw_path", "is_base64_encoded"), "VPC Lattice"),
)

# Senders that an entry of [events] in iris-model.toml answers.
ANSWERED_BY_EVENTS = frozenset(
    (
        "Amazon SQS",
        "Amazon SNS",
        "Amazon Kinesis",
        "Amazon DynamoDB Streams",
        "Amazon S3",
        "Amazon MSK",
        "Amazon EventBridge",
        "an Amazon Redshift UDF",
    )
)


def advise(sender: str) -> str:
    """Return what to do with an event of this sender."""
    by_events = "add its source to [events] in iris-model.toml, or " if sender in ANSWERED_BY_EVENTS else ""
    return f"{by_events}read its rows in the handler and pass them to model.predict"


def is_ping(event: "dict[str, object]") -> bool:
    """Whether the event only keeps a sandbox warm: an EventBridge schedule (as Zappa uses), or a known plugin."""
    source = event.get("source")
    if event.get("detail-type") == "Scheduled Event" and source in ("aws.events", "aws.scheduler"):
        return True
    inner = event.get("Event")
    if "serverless-plugin-warmup" in (source, inner.get("source") if isinstance(inner, dict) else None):
        return True
    return event.get("warmer") is True and set(event) <= {
        "warmer",
        "concurrency",
        "target",
        "correlationId",
        "test",
    } | {key for key in event if key.startswith("__WARMER")}


def name_trigger(event: "dict[str, object]") -> "str | None":
    """Return the name of the sender, or None if it is not a known one."""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        first = records[0]
        if isinstance(first.get("cf"), dict):
            return "Lambda@Edge"
        return RECORD_SOURCES.get(str(first.get("eventSource") or first.get("EventSource")))
    if isinstance(event.get("eventSource"), str) and event["eventSource"] in SOURCES:
        return SOURCES[event["eventSource"]]
    context = event.get("requestContext")
    if isinstance(context, dict):
        if "connectionId" in context:
            return "an API Gateway WebSocket API"
        if "serviceNetworkArn" in context:
            return "VPC Lattice"
    for keys, name in BY_KEYS:
        if all(key in event for key in keys):
            return name
    return None

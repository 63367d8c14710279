"""The keys of `iris-model.toml` for AWS features around the function: VPC, encryption, destinations, domain, warming.

All are optional and off by default. The local service ignores them.
"""

from __future__ import annotations

from iris_model.project.configuration.key import Key

# Neither dead-letter queues nor destinations may be FIFO.
_QUEUE_OR_TOPIC = r"arn:[\w-]+:(?:sqs|sns):[a-z0-9-]+:\d{12}:[\w-]+"
_DESTINATION = (
    rf"{_QUEUE_OR_TOPIC}"
    r"|arn:[\w-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?"
    r"|arn:[\w-]+:events:[a-z0-9-]+:\d{12}:event-bus/[\w./-]+"
)
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
_SCHEDULE = (
    r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)|cron\([^() ]+(?: [^() ]+){5}\)"
)

_PLACE_IN_S3 = r"s3://[a-z0-9.-]{3,63}/(?:[\w!.'()=-]+/)*"

FEATURE_KEYS: tuple[Key, ...] = (
    Key(
        "kms-key",
        "text",
        "KMS key that encrypts the environment and the image of the function.",
        default_doc="a key of AWS",
        pattern=r"arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
        pattern_means="the ARN of a key, not of an alias",
        staged=True,
    ),
    Key(
        "dead-letter",
        "text",
        "Queue or topic for events of asynchronous invocations after the last failed attempt.",
        pattern=_QUEUE_OR_TOPIC,
        pattern_means="the ARN of an SQS queue or an SNS topic that is not FIFO",
        staged=True,
    ),
    Key(
        "on-failure",
        "text",
        "Destination for asynchronous invocations after the last failed attempt: event, error and answer in one record.",
        pattern=rf"{_DESTINATION}|arn:[\w-]+:s3:::[a-z0-9.-]{{3,63}}",
        pattern_means="the ARN of an SQS queue, an SNS topic, a function, an event bus or an S3 bucket",
        staged=True,
    ),
    Key(
        "on-success",
        "text",
        "Destination for successful asynchronous invocations: event and answer in one record.",
        pattern=_DESTINATION,
        pattern_means="the ARN of an SQS queue, an SNS topic, a function or an event bus",
        staged=True,
    ),
    Key(
        "access-log",
        "boolean",
        "Access log of the HTTP API: one line of JSON per request, with the client address, in its own log group. "
        "Deleted with the stack.",
        default=False,
        staged=True,
    ),
    Key(
        "keep-warm",
        "text",
        "Schedule of EventBridge pings to the live version, which keep one sandbox warm.",
        default_doc="no pings",
        pattern=_SCHEDULE,
        pattern_means='a schedule, such as "rate(5 minutes)" or "cron(0/5 8-18 ? * MON-FRI *)"',
        staged=True,
    ),
    Key(
        "dashboard",
        "boolean",
        "A CloudWatch dashboard of the live version: invocations, errors, throttles, duration, starts, memory, cost.",
        default=False,
        staged=True,
    ),
    Key(
        "subnets",
        "texts",
        "VPC subnets of the function. It then reaches the internet only through a NAT gateway.",
        default=(),
        section="vpc",
        pattern=r"subnet-[0-9a-f]{8,17}",
        pattern_means='the ID of a subnet, such as "subnet-0123456789abcdef0"',
        staged=True,
    ),
    Key(
        "security-groups",
        "texts",
        "Security groups of the function in the VPC.",
        default=(),
        section="vpc",
        pattern=r"sg-[0-9a-f]{8,17}",
        pattern_means='the ID of a security group, such as "sg-0123456789abcdef0"',
        staged=True,
    ),
    Key(
        "name",
        "text",
        "Host name of the HTTP API. Stages do not inherit `[domain]`, because a name belongs to one stack.",
        section="domain",
        pattern=r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]",
        pattern_means='a host name in lower case, such as "iris.example.org"',
        staged=True,
    ),
    Key(
        "certificate",
        "text",
        "ACM certificate for the host name, in the region of the HTTP API.",
        section="domain",
        pattern=r"arn:[\w-]+:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+",
        pattern_means="the ARN of a certificate",
        staged=True,
    ),
    Key(
        "hosted-zone",
        "text",
        "Route 53 hosted zone for the DNS record. Without it, create the record yourself.",
        default_doc="no record is created",
        section="domain",
        pattern=r"Z[A-Z0-9]{1,31}",
        pattern_means='the ID of a hosted zone, such as "Z0123456789ABCDEFGHIJ"',
        staged=True,
    ),
    Key(
        "input",
        "text",
        "Prefix in S3 that `iris-model batch` may read.",
        section="batch",
        pattern=_PLACE_IN_S3,
        pattern_means='a prefix in S3 that ends with "/", such as "s3://bucket/in/" (its bucket has 3 to 63 characters)',
        staged=True,
    ),
    Key(
        "output",
        "text",
        "Prefix in S3 where `iris-model batch` writes answers. Must not be below `input`.",
        section="batch",
        pattern=_PLACE_IN_S3,
        pattern_means='a prefix in S3 that ends with "/", such as "s3://bucket/out/" (its bucket has 3 to 63 characters)',
        staged=True,
    ),
    Key(
        "concurrency",
        "integer",
        "Maximum number of parts of a batch that run at the same time.",
        default=100,
        minimum=1,
        maximum=10_000,
        section="batch",
        staged=True,
    ),
    Key(
        "rate",
        "number",
        "Fraction of rows to log with their answers, one line of JSON each. Counts of predictions, missing values "
        "and out-of-range values become CloudWatch metrics.",
        default=0,
        section="capture",
        minimum=0,
        maximum=1,
        staged=True,
    ),
    Key(
        "without",
        "texts",
        "Columns to leave out of the log.",
        default=(),
        section="capture",
        pattern=r"[^\n]+",
        pattern_means="a column name",
        staged=True,
    ),
)

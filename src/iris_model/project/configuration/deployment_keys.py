"""The keys of `iris-model.toml` for the endpoint and for running on AWS.

All of them can be set in `[stages.NAME]` too. The local service supports endpoint, CORS and throttling.
"""

from __future__ import annotations

from iris_model.contract.endpoint import ENDPOINT_AUTHS, ENDPOINT_KINDS, Cors
from iris_model.contract.lambda_limits import LEAST_EPHEMERAL_STORAGE, MOST_EPHEMERAL_STORAGE
from iris_model.project.configuration.key import Key

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "*")

_HEADER_NAME = r"\*|[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_HEADER_MEANS = 'a header name, or "*"'

# Letters, numbers and separators of all languages, but no tabs or line breaks:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html. CloudFormation refuses an alarm with an empty value:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudwatch-alarm-tag.html
_TAG = r"(?u:[^\S\t-\r\x1c-\x1f\x85]|[\w.:/=+@-])"

DEPLOYMENT_KEYS: tuple[Key, ...] = (
    Key(
        "endpoint",
        "text",
        "Endpoint: an HTTP API with the route, a function URL, or none.",
        default="http-api",
        choices=ENDPOINT_KINDS,
        staged=True,
    ),
    Key(
        "auth",
        "text",
        "Who may call the endpoint: everybody, callers with IAM credentials, or callers with a token of `[jwt]`.",
        default="open",
        choices=ENDPOINT_AUTHS,
        staged=True,
    ),
    Key(
        "ephemeral-storage",
        "integer",
        "Size of /tmp.",
        default=512,
        minimum=LEAST_EPHEMERAL_STORAGE,
        maximum=MOST_EPHEMERAL_STORAGE,
        unit="MB",
        staged=True,
    ),
    Key(
        "reserved-concurrency",
        "integer",
        "Reserved concurrency: guaranteed and maximum number of concurrent invocations. 0 stops the function.",
        default_doc="not reserved",
        minimum=0,
        unit="invocations",
        staged=True,
    ),
    Key(
        "provisioned-concurrency",
        "integer",
        "Number of sandboxes that are kept warm. You pay for them all the time.",
        default_doc="none",
        minimum=1,
        unit="sandboxes",
        staged=True,
    ),
    Key(
        "log-retention-days",
        "integer",
        "Days after which log lines are deleted.",
        default=30,
        choices=RETENTION_DAYS,
        unit="days",
        staged=True,
    ),
    Key(
        "log-format",
        "text",
        "Format of the log lines of Lambda.",
        default_doc='`"text"`; `"json"` with `log-lines = "errors"`',
        choices=("text", "json"),
        staged=True,
    ),
    Key(
        "log-lines",
        "text",
        "Lines that Lambda logs: `all` (START, END and REPORT of each invocation), or `errors` (only for failed "
        "invocations; requires JSON, system log level WARN). `iris-model cost` shows the savings.",
        default="all",
        choices=("all", "errors"),
        staged=True,
    ),
    Key("tracing", "boolean", "Send traces to AWS X-Ray.", default=False, staged=True),
    Key(
        "error-alarm",
        "boolean",
        "CloudWatch alarm on errors of the live version. A canary ends immediately when it is in ALARM state.",
        default=True,
        staged=True,
    ),
    Key(
        "error-alarm-threshold",
        "integer",
        "Errors within a minute that trigger the alarm.",
        default=1,
        minimum=1,
        unit="errors",
        staged=True,
    ),
    Key(
        "keep-versions",
        "integer",
        "Number of versions to keep for rollbacks. Older versions are deleted after a verified deployment, and their "
        "images expire.",
        default=5,
        minimum=2,
        unit="versions",
        staged=True,
    ),
    Key(
        "region",
        "text",
        "Region of AWS.",
        default_doc="the region of the profile",
        pattern=r"[a-z]{2}(?:-[a-z]+)+-\d+",
        pattern_means='an AWS region, such as "eu-west-1"',
        staged=True,
    ),
    Key(
        "stack",
        "text",
        "Name of the CloudFormation stack.",
        default_doc="the name of the function, with `_` replaced by `-`",
        pattern=r"[A-Za-z][A-Za-z0-9-]{0,127}",
        pattern_means="a letter, then letters, digits or hyphens, at most 128",
        staged=True,
    ),
    Key(
        "repository",
        "text",
        "Name of the ECR repository. All stages share it, so a tested image can be promoted.",
        default_doc="the name in lower case",
        pattern=r"(?=.{2,256}\Z)[a-z0-9]+(?:[._/-][a-z0-9]+)*",
        pattern_means='lower-case letters and digits, separated by single ".", "_", "-" or "/"',
        staged=True,
    ),
    Key(
        "role",
        "text",
        "IAM role of the function. By default, the stack creates a role that may only write the log.",
        default_doc="created by the stack",
        pattern=r"arn:[\w-]+:iam::\d{12}:role/[\w+=,.@/-]+",
        pattern_means="the ARN of a role",
        staged=True,
    ),
    Key(
        "permissions-boundary",
        "text",
        "Permissions boundary for the role that the stack creates.",
        pattern=r"arn:[\w-]+:iam::(?:\d{12}|aws):policy/[\w+=,.@/-]+",
        pattern_means="the ARN of a policy",
        staged=True,
    ),
    Key(
        "tags",
        "table",
        "Tags of all resources.",
        default={},
        pattern=rf"(?!(?i:aws:)){_TAG}{{1,128}}",
        pattern_means='1 to 128 letters, digits or one of " .:/=+@_-", and do not start with "aws:"',
        value_pattern=rf"(?!(?i:aws:)){_TAG}{{1,256}}",
        value_means='1 to 256 of these characters, and do not start with "aws:" either',
        staged=True,
    ),
    Key(
        "secrets",
        "table",
        "Environment variables with values that CloudFormation reads from a secret store. The values are in no file "
        "and no template.",
        default={},
        pattern=r"[A-Za-z][A-Za-z0-9_]+",
        pattern_means="at least two letters, digits or underscores, starting with a letter,",
        value_pattern=(
            r"ssm:[\w./-]+(?::\d+)?"
            r"|secretsmanager:(?:arn:[\w-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[\w/+=.@-]+(?::[\w/+=.@-]+)?"
        ),
        value_means='references, such as "secretsmanager:iris:token" (name or ARN of the secret) or "ssm:/iris/level"',
        staged=True,
    ),
    Key(
        "allow-origins",
        "texts",
        "Origins that may call the endpoint from a browser. Empty means no CORS.",
        default=(),
        section="cors",
        pattern=r"\*|[a-z][a-z0-9+.-]*://(?:\*|(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)",
        pattern_means='an origin, such as "https://example.org", or "*"',
        staged=True,
    ),
    Key(
        "allow-methods",
        "texts",
        "Allowed methods.",
        default=Cors.allow_methods,
        section="cors",
        choices=METHODS,
        staged=True,
    ),
    Key(
        "allow-headers",
        "texts",
        "Allowed request headers.",
        default=Cors.allow_headers,
        section="cors",
        pattern=_HEADER_NAME,
        pattern_means=_HEADER_MEANS,
        staged=True,
    ),
    Key(
        "expose-headers",
        "texts",
        "Response headers that pages may read.",
        default=(),
        section="cors",
        pattern=_HEADER_NAME,
        pattern_means=_HEADER_MEANS,
        staged=True,
    ),
    Key(
        "allow-credentials",
        "boolean",
        "Allow cookies and authorization headers.",
        default=False,
        section="cors",
        staged=True,
    ),
    Key(
        "max-age",
        "integer",
        "Cache time of a preflight response in the browser.",
        default=0,
        section="cors",
        minimum=0,
        maximum=86400,
        unit="s",
        staged=True,
    ),
    Key(
        "rate",
        "number",
        "Requests per second that the HTTP API accepts. Above it the status is 429.",
        default_doc="the limit of the account",
        section="throttling",
        minimum=0,
        maximum=10000,
        unit="requests/s",
        staged=True,
    ),
    Key(
        "burst",
        "integer",
        "Requests that the HTTP API accepts at once.",
        default_doc="the limit of the account; with `rate`, the same number",
        section="throttling",
        minimum=0,
        maximum=5000,
        unit="requests",
        staged=True,
    ),
    Key(
        "issuer",
        "text",
        "Issuer of the tokens: the URL before `/.well-known/openid-configuration`.",
        section="jwt",
        pattern=r"https://[^\s?#]+",
        pattern_means="an https address",
        staged=True,
    ),
    Key(
        "audience",
        "texts",
        "Accepted audiences. A token must have one of them.",
        default=(),
        section="jwt",
        pattern=r"\S+",
        pattern_means="without spaces",
        staged=True,
    ),
)

"""Limits of AWS Lambda, in Lambda's own units.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and the pages named next to the values.
"""

from __future__ import annotations

# MB; Lambda's MB is 2**20 bytes. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
LEAST_MEMORY = 128
MOST_MEMORY = 10_240
# MB that give one vCPU. Less memory gives a share of one.
MEMORY_PER_VCPU = 1769

# Seconds.
MOST_TIMEOUT = 900

# MB of /tmp.
LEAST_EPHEMERAL_STORAGE = 512
MOST_EPHEMERAL_STORAGE = 10_240

# Bytes of a synchronous request, of its response (6 MiB and 100 bytes), and of an asynchronous request.
MOST_REQUEST_BYTES = 6_291_456
MOST_RESPONSE_BYTES = 6_291_556

# Bytes of the names and values of all environment variables together.
MOST_ENVIRONMENT_BYTES = 4096

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
CREDENTIAL_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
)
PLATFORM_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
RESERVED_VARIABLES = PLATFORM_VARIABLES | CREDENTIAL_VARIABLES
"""Variables that the platform sets. Users cannot set them."""

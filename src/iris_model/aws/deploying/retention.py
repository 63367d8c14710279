"""Set the retention of a log group that CloudFormation imports without changing it."""

from __future__ import annotations

from iris_model.aws.client.calls import Aws


def set_retention(aws: Aws, log_group: str, days: int) -> None:
    """Set the number of days after which log lines are deleted."""
    aws.call(
        "logs", "PutRetentionPolicy", f"log group {log_group}", absent=("ResourceNotFoundException",),
        logGroupName=log_group, retentionInDays=days,
    )  # fmt: skip

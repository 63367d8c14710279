"""Rules for how triggers use a function's answer."""

import json
from typing import Any

from .rule import rule


@rule(15, "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html; localstack#5301, sst#4379")
def find_retried(answer: Any, identifiers: list[str], *, reports: bool, failed: bool = False) -> list[str]:
    """Which records of a batch are redelivered. `reports`: ReportBatchItemFailures is on. `failed`: the function failed."""
    if failed:
        return identifiers
    if not reports or answer in (None, {}, ""):
        return []
    failures = answer.get("batchItemFailures", "?") if isinstance(answer, dict) else "?"
    if failures is None:
        return []
    if not isinstance(failures, list) or not all(isinstance(each, dict) for each in failures):
        return identifiers
    named = [each.get("itemIdentifier") for each in failures]
    return [str(name) for name in named] if set(named) <= set(identifiers) and all(named) else identifiers


def is_redshift_event(event: Any) -> bool:
    """Whether an event is the call of a Lambda UDF."""
    return isinstance(event, dict) and {"external_function", "arguments", "num_records"} <= set(event)


@rule(16, "https://docs.aws.amazon.com/redshift/latest/dg/udf-creating-a-lambda-sql-udf.html")
def read_redshift_answer(answer: Any, records: int) -> list[Any]:
    """The results of a Lambda UDF of Redshift, one scalar a record; ValueError is what Redshift refuses."""
    document = json.loads(answer) if isinstance(answer, str) else answer
    if not isinstance(document, dict) or not document.get("success"):
        raise ValueError(document.get("error_msg", "no error_msg") if isinstance(document, dict) else "no object")
    results = document.get("results")
    if document.get("num_records") != records or not isinstance(results, list) or len(results) != records:
        raise ValueError(f"expected {records} results")
    if any(isinstance(each, list | dict) for each in results):
        raise ValueError("a result is no scalar")
    return results

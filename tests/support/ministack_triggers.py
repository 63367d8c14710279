"""What triggers do with an answer, in MiniStack: which records are redelivered, which results Redshift accepts."""

import json
import threading

from aws_rules.answers import find_retried, is_redshift_event, read_redshift_answer
from ministack.services import lambda_svc

_MAPPING = threading.local()


def install() -> None:
    """Put the rules in."""
    execute = lambda_svc._execute_function
    run_batch = lambda_svc._run_sqs_batch

    def execute_function(function, event):
        result = execute(function, event)
        if mapping := getattr(_MAPPING, "now", None):
            return _of_batch(mapping, event, result)
        return _of_redshift(event, result) if is_redshift_event(event) else result

    def run_sqs_batch(mapping, *arguments):
        _MAPPING.now = mapping
        try:
            run_batch(mapping, *arguments)
        finally:
            _MAPPING.now = None

    lambda_svc._execute_function = execute_function
    lambda_svc._run_sqs_batch = run_sqs_batch


def _of_batch(mapping, event, result):
    """The answer in a form that MiniStack reads as AWS reads the function's own: it takes what is malformed for a success."""
    identifiers = [each["messageId"] for each in event["Records"]]
    reports = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
    again = find_retried(_read(result.get("body")), identifiers, reports=reports, failed=bool(result.get("error")))
    if again == identifiers:
        return {**result, "error": True}
    return {**result, "body": {"batchItemFailures": [{"itemIdentifier": each} for each in again]}}


def _of_redshift(event, result):
    """The query fails where Redshift does not take the answer."""
    if result.get("error"):
        return result
    try:
        read_redshift_answer(_read(result.get("body")), event["num_records"])
    except ValueError as error:
        message = f"Invalid External Function Response: {error}"
        return {**result, "error": True, "body": {"errorType": "Redshift", "errorMessage": message}}
    return result


def _read(body):
    if not isinstance(body, bytes | str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body

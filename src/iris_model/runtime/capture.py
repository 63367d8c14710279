"""Log a sample of rows and answers as lines of JSON, with counts in CloudWatch's embedded metric format.

Imported only if `IRIS_MODEL_CAPTURE_RATE` is set. Columns named by `IRIS_MODEL_CAPTURE_WITHOUT` are neither written nor
counted.
"""

import os
import sys
import time

from iris_model.engine.errors import ModelFormatError

from .answers import strict_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.contract.signature import Column

RATE, WITHOUT = "IRIS_MODEL_CAPTURE_RATE", "IRIS_MODEL_CAPTURE_WITHOUT"
NAMESPACE = "iris-model"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
MOST_METRICS = 100
_CHANCES = 1 << 64


class Sampler:
    """Logs the sample of one model. Created once."""

    def __init__(
        self, columns: "list[Column]", outputs: "tuple[str, ...]", rate: float, without: "frozenset[str]"
    ) -> None:
        unknown = without - {column["name"] for column in columns}
        if unknown:
            # If a misspelled name were accepted, the column would be logged.
            raise ModelFormatError(
                f"capture leaves out {', '.join(sorted(unknown))}, and the model has no such column: correct [capture] without"
            )
        self._columns, self._outputs, self._without = columns, outputs, without
        self._threshold = int(rate * _CHANCES)
        self._function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")

    def take(self, rows: "list[object]", values: "Sequence[Sequence[object]]") -> None:
        """Log a random sample of the rows. Skip a row without a JSON form; its request is still answered."""
        for index, row in enumerate(rows):
            if int.from_bytes(os.urandom(8), "big") >= self._threshold:
                continue
            try:
                answer = {name: _plain(each[index]) for name, each in zip(self._outputs, values)}
                line = strict_text(self._describe(row, answer))
            except (TypeError, ValueError, IndexError):
                continue
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def _describe(self, row: object, answer: "dict[str, object]") -> "dict[str, object]":
        if not isinstance(row, (list, tuple)) or len(row) != len(self._columns):
            raise ValueError("the values of this row are not in the order of the columns")
        counts, written = {"Predictions": 1}, {}
        for column, value in zip(self._columns, row):
            name = column["name"]
            if name in self._without:
                continue
            written[name] = _plain(value)
            if value is None or value != value:
                counts[f"Missing {name}"] = 1
            elif "minimum" in column and not column["minimum"] <= value <= column["maximum"]:
                counts[f"OutOfRange {name}"] = 1
        counts = dict(list(counts.items())[:MOST_METRICS])
        metrics = {
            "Namespace": NAMESPACE,
            "Dimensions": [["FunctionName"]],
            "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
        }
        head = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [metrics]}
        return {"_aws": head, "FunctionName": self._function, **counts, "row": written, "answer": answer}


def find_capture(columns: "list[Column]", outputs: "tuple[str, ...]") -> "Sampler | None":
    """Return the Sampler that the environment variables describe, or None if the rate is 0."""
    rate = float(os.environ[RATE])
    without = frozenset(filter(None, os.environ.get(WITHOUT, "").split("\n")))
    return Sampler(columns, outputs, rate, without) if rate > 0 else None


def _plain(value: object) -> object:
    """Return the value with None for NaN and strings for infinities, which JSON does not have."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None if value != value else str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value

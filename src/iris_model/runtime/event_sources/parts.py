"""Answer one part of a batch: a range of bytes of an object, whose answers become one object.

`iris-model batch` starts a Step Functions Distributed Map with one child for each part. The name of the answers depends
only on the part, and an object of S3 is written whole or not at all: a part that runs again replaces its own answers.
"""

import os
import time

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder

from .aws_calls import call_rest
from .batches import describe_refusal
from .blocks import CSV, Block, check_lines
from .destinations import Item, put_object
from .entries import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .interface import Model, PartEvent


# Bytes of a block of lines.
BLOCK = 131_072
# How much is read behind a part, to find the end of its last line.
MARGIN = 65_536
JSON_LINES = "application/jsonl"
# How much is read at a time to find the end of the header.
LONGEST_HEADER = 65_536
# No request may be longer, so no row is.
LONGEST_LINE = 6_291_456


def answer_part(model: "Model", part: "PartEvent") -> "dict[str, object]":
    """Answer the lines that begin in bytes `start` to `end` of the object, and store the answers as CSV.

    `part` has `bucket`, `key`, `etag`, `start`, `end`, `csv` (else JSON Lines), `output_bucket`, `output`. The answers have
    one line for each row, in order; the cells of a refused row are empty, and the row is in `output` + `.refused.jsonl` with
    the reason. With `is_trial`, nothing is stored. Raises CallError; InvalidInput if the object has changed, or if a line
    is longer than any row.
    """
    begin = time.monotonic()
    header = _find_header(model, part) if part["csv"] else ""
    answers: list[bytes] = []
    refused: list[bytes] = []
    size = 0
    head, count = "", 0
    for lines in _split(_read_lines(part, header)):
        first = count
        block = Block(CSV if part["csv"] else JSON_LINES, header, first, lines)
        found_head, rows, problems = _answer_block(model, block)
        head = head or found_head
        answers.append("".join(f"{row}\n" for row in rows).encode())
        count += len(lines)
        for index, problem in problems:
            identifier = f"{part['key']}:{part['start']}:{first + index}"
            entry = Entry("batch", {"source": f"s3://{part['bucket']}/{part['key']}"})
            refusal = describe_refusal(entry, identifier, problem, block.lines[index].rstrip("\r\n"))
            refused.append(f"{Item(identifier, refusal).text}\n".encode())
            size += len(refused[-1])
            if size > _most_refused():
                raise InvalidInput(
                    f"{part['key']}: {len(refused)} of {count} rows and more are refused; the first: {_first_problem(refused)}",
                    expected="rows of the model",
                )
    summary = {"output": part["output"], "rows": count, "refused": len(refused)}
    if part.get("is_trial"):
        return {**summary, "seconds": time.monotonic() - begin}
    if refused:
        put_object(part["output_bucket"], f"{part['output']}.refused.jsonl", b"".join(refused))
    text = f"{head or 'prediction'}\n".encode() + b"".join(answers)
    put_object(part["output_bucket"], part["output"], text, "text/csv")
    return summary


def _most_refused() -> int:
    """Return how many bytes of refusals fit into the memory of the function. They are joined once to be stored."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")) * 1_048_576 // 6


def _first_problem(refused: "list[bytes]") -> str:
    """Return why the first row was refused."""
    return str(make_decoder()(refused[0].decode())["problem"]["detail"])


def _find_header(model: "Model", part: "PartEvent") -> str:
    """Return the first line of the object if it has the names of the columns, else ""."""
    from _csv import Error, reader

    from iris_model.runtime.payloads.csv import find_header

    data = _read(part, 0, LONGEST_HEADER - 1)
    while b"\n" not in _without_mark(data) and len(data) <= LONGEST_LINE:
        more = _read(part, len(data), len(data) + LONGEST_HEADER - 1)
        if not more:
            break
        data += more
    line = _without_mark(data).partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r") + "\n"
    try:
        is_header = find_header(next(reader([line])), model.signature["columns"]) is not None
    except (Error, StopIteration):
        return ""
    return line if is_header else ""


def _answer_block(model: "Model", block: Block) -> "tuple[str, list[str], list[tuple[int, InvalidInput]]]":
    """Return (header line, one line of CSV for each row, (index, problem) of refused rows)."""
    try:
        head, rows = _answer(model, block, block.lines)
        return head, rows, []
    except InvalidInput:
        head, rows, problems = "", [], []
    for index, line in enumerate(block.lines):
        try:
            found_head, found = _answer(model, block, [line])
            head = head or found_head
            rows += found
        except InvalidInput as error:
            rows.append("")
            # Its traceback would hold the values of all calls, for each row of the block.
            error.__context__ = error.__cause__ = error.__traceback__ = None
            problems.append((index, error))
    # Readers of CSV skip a blank line, and the rows behind it would move up.
    empty = "," * head.count(",") or '""'
    return head, [row or empty for row in rows], problems


def _answer(model: "Model", block: Block, lines: "list[str]") -> "tuple[str, list[str]]":
    check_lines(block, lines)
    request = block.make_request(lines)
    if block.content_type == CSV:
        request.accept = CSV
        # Not `splitlines`, which divides labels with other line ends, such as U+2028.
        head, *rows = model._reply(request, True, False).text.removesuffix("\r\n").split("\r\n")
    else:
        head, rows = _as_csv(model._reply(request, False, False).value)
    if len(rows) != len(lines):
        raise InvalidInput(f"{len(lines)} lines have {len(rows)} rows; expected one row in each line")
    return head, rows


def _as_csv(value: "Any") -> "tuple[str, list[str]]":
    from iris_model.runtime.payloads.csv import csv_line

    # As the answers to CSV: a column for each of several outputs, and no probabilities of several targets.
    found = value.get("predictions", [value])
    outputs = [each["prediction"] if isinstance(each["prediction"], list) else [each["prediction"]] for each in found]
    names = ["prediction"]
    if len(outputs[0]) > 1:
        names = [f"prediction_{place}" for place in range(len(outputs[0]))]
    probabilities = [each.get("probabilities", {}) for each in found]
    if isinstance(probabilities[0], list):
        probabilities = [{}] * len(found)
    head = csv_line([*names, *(f"probability_{name}" for name in probabilities[0])])
    return head, [csv_line([*row, *more.values()]) for row, more in zip(outputs, probabilities)]


def _split(data: bytes) -> "Iterator[list[str]]":
    """Yield the lines in blocks, without empty ones. All lines at once would need ten times the memory of the bytes."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + BLOCK) + 1 or len(data)
        text = data[start:end].decode("utf-8", "surrogateescape")
        start = end
        if lines := [f"{line}\n" for line in text.split("\n") if line.strip()]:
            yield lines


def _read_lines(part: "PartEvent", header: str) -> bytes:
    """Return the lines that begin in the part, without the header."""
    start, end = part["start"], part["end"]
    first = max(start - 1, 0)
    data = _read(part, first, end + MARGIN - 1)
    if start:
        # The line that begins before the part belongs to the part before, unless it ends exactly there.
        found = data.find(b"\n")
        first, data = (first + found + 1, data[found + 1 :]) if found >= 0 else (end, b"")
    if first >= end:
        return b""
    while (stop := data.find(b"\n", end - first - 1)) < 0 and len(data) >= end - first:
        if len(data) - data.rfind(b"\n") > LONGEST_LINE:
            raise InvalidInput(
                f"a line has more than {LONGEST_LINE} bytes; expected one row in each line",
                expected=f"at most {LONGEST_LINE} bytes in a line",
                problem="too-large",
            )
        more = _read(part, first + len(data), first + len(data) + MARGIN - 1)
        if not more:
            stop = len(data) - 1
            break
        data += more
    if stop >= 0:
        data = data[: stop + 1]
    if start:
        return data
    data = _without_mark(data)
    return data.partition(b"\n")[2] if header else data


def _without_mark(data: bytes) -> bytes:
    """Return the begin of an object without its byte order mark and empty lines, which may be before the header."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


def _read(part: "PartEvent", start: int, end: int) -> bytes:
    """Read bytes of the object, of which the state is the one that was listed. After its end there are none."""
    from .aws_calls import CallError

    try:
        headers = {"range": f"bytes={start}-{end}", "if-match": part["etag"]}
        return call_rest("GET", part["bucket"], part["key"], headers=headers)[1]
    except CallError as error:
        if error.status == 416:
            return b""
        if error.status == 412:
            raise InvalidInput(
                f"the object {part['key']} has changed since the batch was started; start it again",
                expected="the same object",
            ) from None
        raise

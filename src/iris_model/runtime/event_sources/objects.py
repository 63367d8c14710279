"""Answer the event of a new object: read its rows, and deliver the answers.

If `answers` is a bucket, the answers are one object of JSON Lines with the name of the object that they answer.
"""

import os
from urllib.parse import quote, unquote_plus

from iris_model.engine.errors import InvalidInput

from .aws_calls import CallError, call_rest
from .batches import describe_refusal
from .blocks import answer_blocks, split_blocks
from .destinations import DeliveryError, Item, put_object, send
from .entries import find_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .entries import Entry
    from .interface import Event, Model

SUFFIXES = {".csv": "text/csv", ".jsonl": "application/jsonl", ".ndjson": "application/jsonl"}


# An object may have this part of the memory. The answers to narrow rows need ten times as much.
SHARE = 64


def answer_objects(model: "Model", event: "Event", sender: str) -> "list[dict[str, object]]":
    """Answer each object of the event. Return one summary for each: `object`, `rows`, `refused`.

    Raises InvalidInput if an object has no rows, or has refused rows and there is no destination for them.
    """
    partition = "aws-cn" if os.environ.get("AWS_REGION", "").startswith("cn-") else "aws"
    summaries = []
    for bucket, key, version in _objects(event):
        entry = find_entry(f"arn:{partition}:s3:::{bucket}", sender)
        summaries.append(_answer_object(model, entry, bucket, key, version))
    return summaries


def _objects(event: "Event") -> "list[tuple[str, str, str]]":
    """Return (bucket, key, version) of each object. Notifications quote the key, EventBridge does not."""
    if "Records" in event:
        found = [each["s3"] for each in event["Records"]]
        return [
            (each["bucket"]["name"], unquote_plus(each["object"]["key"]), each["object"].get("versionId", ""))
            for each in found
        ]
    detail = event["detail"]
    return [(detail["bucket"]["name"], detail["object"]["key"], detail["object"].get("version-id", ""))]


def _answer_object(model: "Model", entry: "Entry", bucket: str, key: str, version: str) -> "dict[str, object]":
    name = key.lower().removesuffix(".gz")
    content_type = SUFFIXES.get("." + name.rpartition(".")[2])
    if content_type is None:
        raise InvalidInput(
            f"the object {key} is not .csv, .jsonl or .ndjson (or these with .gz); set suffix in [events.{entry.name}]",
            expected="an object of CSV or JSON Lines",
        )
    query = f"versionId={quote(version, safe='')}" if version and version != "null" else ""
    text = _unpack(_read(bucket, key, query), key)
    answers, refused = _Collected(entry.answers), _Collected(entry.failures)
    most = _memory() * 2 // 5
    for number, line, value in answer_blocks(model, split_blocks(text, content_type, model.signature["columns"])):
        identifier = f"{key}:{number}"
        if isinstance(value, InvalidInput):
            if not entry.failures:
                raise value
            refused.add(Item(identifier, describe_refusal(entry, identifier, value, line)))
        else:
            answers.add(Item(identifier, {"id": identifier, **value}))
        if answers.size + refused.size > most:
            raise InvalidInput(
                f"the answers to the object {key} do not fit into the memory of the function: increase memory, or split the "
                "object",
                expected="fewer rows",
                problem="too-large",
            )
    for collected, suffix in ((answers, ""), (refused, ".refused")):
        if collected.is_bucket and collected.count:
            target, _, prefix = collected.destination.split(":", 5)[5].partition("/")
            put_object(target, f"{prefix}{key}{suffix}.jsonl", bytes(collected.lines))
        elif send(entry, collected.destination, collected.items, False):
            raise DeliveryError(f"{collected.destination} did not accept all answers; Lambda will send the event again")
    return {"object": f"s3://{bucket}/{key}", "rows": answers.count, "refused": refused.count}


class _Collected:
    """Answers for one destination: `lines` for a bucket, else `items`. `size`: bytes of memory that they need to be sent."""

    def __init__(self, destination: str) -> None:
        self.destination = destination
        self.is_bucket = destination.startswith("arn:") and destination.split(":")[2] == "s3"
        self.lines = bytearray()
        self.items: list[Item] = []
        self.count = self.size = 0

    def add(self, item: Item) -> None:
        """Keep an item, as its line if possible: the object that holds it needs four times as much."""
        self.count += 1
        if self.is_bucket:
            line = f"{item.text}\n".encode()
            self.lines += line
            self.size += 2 * len(line)
        elif self.destination:
            self.items.append(item)
            self.size += len(item.text) + 250


def _memory() -> int:
    """Return the memory of the function in bytes."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")) * 1_048_576


def _read(bucket: str, key: str, query: str) -> bytes:
    """Return an object. It has to fit into the memory of the function, with its answers."""
    limit = _memory() // SHARE
    try:
        headers, body = call_rest("GET", bucket, key, headers={"range": f"bytes=0-{limit}"}, query=query)
    except CallError as error_of_call:
        if error_of_call.status == 416:
            return b""  # an empty object has no range
        raise
    if len(body) > limit:
        size = headers.get("content-range", "").rpartition("/")[2] or "more"
        raise InvalidInput(
            f"the object {key} has {size} bytes; expected at most {limit}, 1/{SHARE} of the memory of the function: "
            "increase memory, or split the object",
            expected=f"at most {limit} bytes",
            problem="too-large",
        )
    return body


def _unpack(body: bytes, key: str) -> str:
    if key.lower().endswith(".gz"):
        body = _gunzip(body, key)
    try:
        return body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error_of_text:
        raise InvalidInput(
            f"the object {key} is not UTF-8: byte {error_of_text.start}", expected="UTF-8", problem="malformed"
        ) from None


def _gunzip(body: bytes, key: str) -> bytes:
    """Return the bytes of all members: files of gzip that are joined are one file."""
    from zlib import decompressobj, error

    limit = _memory() // SHARE
    made = bytearray()
    while body:
        unpacker = decompressobj(wbits=31)
        try:
            made += unpacker.decompress(body, limit + 1 - len(made))
        except error:
            raise InvalidInput(f"the object {key} is not gzip", expected="gzip", problem="malformed") from None
        if len(made) > limit or not unpacker.eof:
            raise InvalidInput(
                f"the object {key} is cut off, or has more than {limit} bytes when it is unpacked",
                expected=f"at most {limit} bytes",
                problem="too-large",
            )
        # Some writers fill the end with zeros, which gunzip ignores.
        body = unpacker.unused_data.lstrip(b"\0")
    return bytes(made)

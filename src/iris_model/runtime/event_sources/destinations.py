"""Deliver answers to a queue, a stream, a table or a bucket.

SENDERS has one entry for each service. Each delivers a chunk of items and returns the identifiers that were not
accepted. Deliveries are at least once: each item has an identifier, which FIFO queues, tables and buckets use so that an
item that is delivered again is stored once.
"""

from iris_model.engine.json_text import make_decoder

from .aws_calls import CallError, call_json, call_rest, wait_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .entries import Entry

ATTEMPTS = 4
LOG = "log"


class DeliveryError(Exception):
    """Answers were not delivered. The invocation fails, so that its event is redelivered."""


class Item:
    """One JSON object to deliver: `identifier`, and its `text`. There may be as many as rows of an object of S3."""

    __slots__ = ("identifier", "text")

    def __init__(self, identifier: str, value: "dict[str, object]") -> None:
        from iris_model.runtime.answers import strict_text

        self.identifier = identifier
        self.text = strict_text(value)


class Sender:
    """How one service takes items: the limits of a call, and the call.

    `deliver(arn, entry, chunk)` returns the identifiers of items that were refused for now, and of items that would be
    refused again. Raises CallError. `longest`: bytes of one item. An item longer than `most_bytes` is a chunk of its own.
    """

    __slots__ = ("deliver", "longest", "most_bytes", "most_items")

    def __init__(
        self,
        most_items: int,
        most_bytes: int,
        longest: int,
        deliver: "Callable[[list[str], Entry, list[Item]], tuple[set[str], set[str]]]",
    ) -> None:
        self.most_items = most_items
        self.most_bytes = most_bytes
        self.longest = longest
        self.deliver = deliver


def send(entry: "Entry", destination: str, items: "list[Item]", in_order: bool) -> "set[str]":
    """Deliver the items. Return the identifiers of those that were not delivered.

    `in_order`: items after one that was not delivered are not delivered either. Raises DeliveryError if nothing was
    delivered because of an error that another attempt does not repair.
    """
    if not destination or not items:
        return set()
    if destination == LOG:
        for item in items:
            print(item.text)
        return set()
    parts = destination.split(":", 5)
    sender = SENDERS[parts[2]]
    items, failed = _fitting(items, sender, destination, in_order)
    is_first = True
    for chunk in _split(items, sender):
        if failed and in_order:
            failed |= {item.identifier for item in chunk}
            continue
        try:
            failed |= _try(sender, parts, entry, chunk)
        except CallError as error:
            # A queue may take less than SQS allows: the other items are delivered.
            if is_first and _length(chunk[0]) <= sender.most_bytes:
                raise DeliveryError(f"answers were not delivered to {destination}: {error}") from None
            print(f"answers were not delivered to {destination}: {error}")
            failed |= {item.identifier for item in chunk}
        is_first = False
    return failed


def _fitting(items: "list[Item]", sender: Sender, destination: str, in_order: bool) -> "tuple[list[Item], set[str]]":
    """Return the items that the service can hold, and the identifiers of the others: one would fail its whole call."""
    kept: list[Item] = []
    failed: set[str] = set()
    for item in items:
        length = _length(item)
        if length > sender.longest:
            print(f"{item.identifier}: {length} bytes are more than {destination} can hold ({sender.longest})")
            failed.add(item.identifier)
        elif failed and in_order:
            failed.add(item.identifier)
        else:
            kept.append(item)
    return kept, failed


def _length(item: Item) -> int:
    return len(item.text.encode()) + len(item.identifier) + 100


def _try(sender: Sender, parts: "list[str]", entry: "Entry", chunk: "list[Item]") -> "set[str]":
    """Deliver a chunk, and again what was refused for now."""
    waiting = chunk
    failed: set[str] = set()
    for attempt in range(ATTEMPTS):
        if attempt:
            wait_before(attempt)
        refused, broken = sender.deliver(parts, entry, waiting)
        failed |= broken
        waiting = [item for item in waiting if item.identifier in refused]
        if not waiting:
            return failed
    return failed | {item.identifier for item in waiting}


def _split(items: "list[Item]", sender: Sender) -> "Iterator[list[Item]]":
    chunk: list[Item] = []
    size = 0
    for item in items:
        length = _length(item)
        if chunk and (len(chunk) == sender.most_items or size + length > sender.most_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += length
    if chunk:
        yield chunk


def _to_queue(parts: "list[str]", entry: "Entry", chunk: "list[Item]") -> "tuple[set[str], set[str]]":
    region, account, name = parts[3], parts[4], parts[5]
    messages = []
    for index, item in enumerate(chunk):
        message: dict[str, object] = {"Id": str(index), "MessageBody": item.text}
        if name.endswith(".fifo"):
            message |= {"MessageGroupId": entry.name, "MessageDeduplicationId": _digest(item.identifier)}
        messages.append(message)
    place = f"{account}/{name}"
    answer = call_json(
        "sqs", region, "AmazonSQS.SendMessageBatch", {"QueueUrl": place, "Entries": messages}, url_of="QueueUrl"
    )
    refused: set[str] = set()
    broken: set[str] = set()
    for each in answer.get("Failed", []):
        identifier = chunk[int(each["Id"])].identifier
        (broken if each.get("SenderFault") else refused).add(identifier)
        if each.get("SenderFault"):
            print(f"{identifier} was not delivered to {name}: {each.get('Code')}: {each.get('Message', '')}")
    return refused, broken


def _to_stream(parts: "list[str]", entry: "Entry", chunk: "list[Item]") -> "tuple[set[str], set[str]]":
    from binascii import b2a_base64

    records = [
        {"Data": b2a_base64(item.text.encode(), newline=False).decode(), "PartitionKey": item.identifier[:256] or "0"}
        for item in chunk
    ]
    name = parts[5].partition("/")[2]
    answer = call_json("kinesis", parts[3], "Kinesis_20131202.PutRecords", {"StreamName": name, "Records": records})
    results = answer.get("Records", [])
    return {item.identifier for item, result in zip(chunk, results) if result.get("ErrorCode")}, set()


def _to_table(parts: "list[str]", entry: "Entry", chunk: "list[Item]") -> "tuple[set[str], set[str]]":
    table = parts[5].partition("/")[2]
    # A call must not have the same key twice; the last item with a key counts.
    by_key = {item.identifier: item for item in chunk}
    decode = make_decoder()
    requests = []
    for item in by_key.values():
        values = {name: value for name, value in decode(item.text).items() if name != "id"}
        requests.append({"PutRequest": {"Item": {**_attributes(values), entry.key: {"S": item.identifier}}}})
    answer = call_json(
        "dynamodb", parts[3], "DynamoDB_20120810.BatchWriteItem", {"RequestItems": {table: requests}}, "1.0"
    )
    left = answer.get("UnprocessedItems", {}).get(table, [])
    return {each["PutRequest"]["Item"][entry.key]["S"] for each in left}, set()


def _to_bucket(parts: "list[str]", entry: "Entry", chunk: "list[Item]") -> "tuple[set[str], set[str]]":
    """Store the chunk as one object of JSON Lines. Its name depends only on the identifiers in it."""
    bucket, _, prefix = parts[5].partition("/")
    name = _digest("\n".join(item.identifier for item in chunk))
    put_object(bucket, f"{prefix}{entry.name}/{name}.jsonl", "".join(f"{item.text}\n" for item in chunk).encode())
    return set(), set()


def put_object(bucket: str, key: str, body: bytes, content_type: str = "application/jsonl") -> None:
    """Store an object. Raises CallError."""
    call_rest("PUT", bucket, key, body, {"content-type": content_type})


SENDERS = {
    # A queue from before 2025 may still take only 256 KiB, so longer calls than that have one long message only.
    "sqs": Sender(10, 256_000, 1_048_576, _to_queue),
    "kinesis": Sender(500, 4_500_000, 1_000_000, _to_stream),
    "dynamodb": Sender(25, 4_000_000, 400_000, _to_table),
    "s3": Sender(1_000_000, 64_000_000, 5_000_000_000, _to_bucket),
}


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _attributes(value: "dict[str, object]") -> "dict[str, object]":
    return {name: _attribute(each) for name, each in value.items()}


def _attribute(value: object) -> "dict[str, object]":
    """Return a JSON value as an attribute of DynamoDB. A number that DynamoDB cannot hold exactly is a string."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        text = repr(value)
        # 38 digits, and magnitudes from 1E-130 to 9.9E+125.
        fits = value == 0 or (len(text) <= 38 if isinstance(value, int) else 1e-130 <= abs(value) < 1e126)
        return {"N": text} if fits else {"S": text}
    if isinstance(value, dict):
        return {"M": _attributes(value)}
    if isinstance(value, list):
        return {"L": [_attribute(each) for each in value]}
    return {"S": str(value)}

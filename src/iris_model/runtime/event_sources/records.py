"""Read the records of an event: one record for each message, with its identifier and the request in it.

READERS has one entry for each sender of records.
"""

from binascii import Error, a2b_base64

from iris_model.engine.errors import InvalidInput
from iris_model.runtime.events import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .interface import Event, Message


class Record:
    """One message: `identifier` as its sender expects it in an answer, and the rows in it.

    `body` (text or bytes) or `payload` (a JSON value) has the rows. `problem` is set if they cannot be read. `group` is
    set if the records of a group have an order: in a FIFO queue.
    """

    __slots__ = ("body", "content_type", "group", "identifier", "payload", "problem")

    def __init__(
        self, identifier: str, body: "bytes | str | None" = None, content_type: str = "", payload: object = None
    ) -> None:
        self.identifier = identifier
        self.body = body
        self.content_type = content_type
        self.payload = payload
        self.group: str | None = None
        self.problem: InvalidInput | None = None

    def make_request(self) -> Request:
        """Return the rows as a request. Raises InvalidInput."""
        if self.problem is not None:
            raise self.problem
        if self.body is None:
            return Request("POST", {}, payload=self.payload)
        return Request("POST", {"content-type": self.content_type}, self.body)

    def describe(self) -> object:
        """Return the record as a JSON value: text as it came, JSON as a value, other bytes as base64."""
        if self.body is None:
            return self.payload
        if isinstance(self.body, str):
            return self.body
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            from binascii import b2a_base64

            return {"base64": b2a_base64(self.body, newline=False).decode()}


class Records:
    """The records of one event. `source` is the ARN that sent them.

    `kind`: "queue" (records or groups fail alone), "stream" (in order; all after a failed one are redelivered), "whole" (a failed
    record fails all of them), or "one" (asynchronous: one record, and its answer is returned).
    """

    __slots__ = ("kind", "records", "source")

    def __init__(self, kind: str, source: "str | None", records: "list[Record]") -> None:
        self.kind = kind
        self.source = source
        self.records = records


def read_records(event: "Event") -> "Records | None":
    """Return the records of an event, or None if its sender is not supported."""
    found = event.get("Records")
    if isinstance(found, list) and found and isinstance(found[0], dict):
        reader = READERS.get(str(found[0].get("eventSource") or found[0].get("EventSource")))
        return reader(found) if reader else None
    if event.get("eventSource") == "aws:kafka":
        return _read_kafka(event)
    if "detail-type" in event and "detail" in event:
        return Records("one", None, [Record(str(event.get("id", "")), payload=event["detail"])])
    return None


def _read_queue(found: "list[Message]") -> Records:
    records = [
        Record(each["messageId"], each.get("body", ""), _type_of(each.get("messageAttributes"), "stringValue"))
        for each in found
    ]
    source = found[0].get("eventSourceARN")
    if str(source).endswith(".fifo"):
        for record, each in zip(records, found):
            record.group = str((each.get("attributes") or {}).get("MessageGroupId", ""))
    return Records("queue", source, records)


def _read_topic(found: "list[Message]") -> Records:
    messages = [each["Sns"] for each in found]
    records = [
        Record(each["MessageId"], each.get("Message", ""), _type_of(each.get("MessageAttributes"), "Value"))
        for each in messages
    ]
    return Records("one", messages[0].get("TopicArn"), records)


def _read_stream(found: "list[Message]") -> Records:
    records = [_decoded(each["kinesis"]["sequenceNumber"], each["kinesis"].get("data")) for each in found]
    return Records("stream", found[0].get("eventSourceARN"), records)


def _read_table(found: "list[Message]") -> Records:
    """Return the new items of a table. A deleted item has no rows."""
    records = []
    for each in found:
        image = each["dynamodb"].get("NewImage")
        if each.get("eventName") != "REMOVE":
            record = Record(each["dynamodb"].get("SequenceNumber", ""))
            if isinstance(image, dict):
                record.payload = {name: _plain(value) for name, value in image.items()}
            else:
                record.problem = InvalidInput(
                    "the record has no NewImage; set the view type of the stream to NEW_IMAGE or NEW_AND_OLD_IMAGES",
                    expected="a record with NewImage",
                )
            records.append(record)
    return Records("table", found[0].get("eventSourceARN"), records)


def _read_kafka(event: "Event") -> Records:
    records = []
    for partition, messages in event.get("records", {}).items():
        for each in messages:
            if each.get("value") is None:
                continue  # a tombstone, which deletes its key: no rows, as a deleted item of a table
            record = _decoded(f"{partition}:{each.get('offset')}", each.get("value"))
            record.content_type = _type_of_kafka(each.get("headers"))
            records.append(record)
    return Records("whole", event.get("eventSourceArn"), records)


READERS: "dict[str, Callable[[list[Message]], Records]]" = {
    "aws:sqs": _read_queue,
    "aws:sns": _read_topic,
    "aws:kinesis": _read_stream,
    "aws:dynamodb": _read_table,
}


def _decoded(identifier: str, text: object) -> Record:
    """Return a record whose rows are base64 in the event."""
    record = Record(identifier, b"")
    try:
        record.body = a2b_base64(str(text or "").encode("ascii"), strict_mode=True)
    except (Error, ValueError):
        record.problem = InvalidInput("the data of the record is not base64", expected="base64", problem="malformed")
    return record


def _type_of(attributes: object, field: str) -> str:
    """Return the content type from the message attribute `content-type`, or "" for JSON."""
    for name, attribute in attributes.items() if isinstance(attributes, dict) else ():
        if name.lower() == "content-type" and isinstance(attribute, dict):
            return str(attribute.get(field, ""))
    return ""


def _type_of_kafka(headers: object) -> str:
    """Return the content type from the headers of a Kafka record, whose values are lists of bytes."""
    for header in headers if isinstance(headers, list) else ():
        for name, value in header.items() if isinstance(header, dict) else ():
            if name.lower() == "content-type" and isinstance(value, list):
                return bytes(byte & 255 for byte in value).decode("latin-1")
    return ""


def _plain(value: object) -> object:
    """Return an attribute of DynamoDB as a JSON value: `{"N": "5.1"}` is 5.1."""
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "N":
        text = str(inner)
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    if kind == "NULL":
        return None
    if kind == "L":
        return [_plain(each) for each in inner]
    if kind == "M":
        return {name: _plain(each) for name, each in inner.items()}
    return inner

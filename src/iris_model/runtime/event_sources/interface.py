"""What this folder needs of the model in the handler, and the events that it reads. For type checkers only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol, TypedDict

    from iris_model.contract.signature import Signature
    from iris_model.runtime.events import Reply, Request

    class Model(Protocol):
        """The methods of `runtime.model.Model` that answer rows and requests."""

        signature: Signature
        classes: list[object] | None
        outputs: tuple[str, ...]

        def predict(self, rows: Sequence[object]) -> list[Any]: ...  # noqa: D102
        def predict_proba(self, rows: Sequence[object]) -> list[Any]: ...  # noqa: D102
        def _reply(self, request: Request, is_http: bool, takes_bytes: bool) -> Reply: ...

    class KinesisData(TypedDict, total=False):
        """The message of a stream: its data in base64."""

        sequenceNumber: str
        data: str

    class TableChange(TypedDict, total=False):
        """The change of an item of DynamoDB; each attribute has its type: `{"N": "5.1"}`."""

        SequenceNumber: str
        NewImage: dict[str, object]

    class TopicMessage(TypedDict, total=False):
        """The message of SNS inside its record."""

        MessageId: str
        Message: str
        MessageAttributes: dict[str, object]
        TopicArn: str

    S3Object = TypedDict("S3Object", {"key": str, "versionId": str, "version-id": str}, total=False)

    class Bucket(TypedDict):
        """The name of the bucket of an object."""

        name: str

    class ObjectNotice(TypedDict):
        """Which object is new, in a notification of S3 and in the `detail` of EventBridge."""

        bucket: Bucket
        object: S3Object

    class Message(TypedDict, total=False):
        """One of `Records`: of SQS, SNS, Kinesis, DynamoDB or S3, which use other keys."""

        eventSource: str
        EventSource: str
        eventSourceARN: str
        eventName: str
        messageId: str
        body: str
        attributes: dict[str, str] | None
        messageAttributes: dict[str, object]
        Sns: TopicMessage
        kinesis: KinesisData
        dynamodb: TableChange
        s3: ObjectNotice

    class KafkaMessage(TypedDict, total=False):
        """A message of Kafka: its value in base64, and headers whose values are lists of bytes."""

        offset: int
        value: str
        headers: list[object]

    class PartEvent(TypedDict, total=False):
        """A part, as `aws.batching.parts` describes it."""

        bucket: str
        key: str
        etag: str
        start: int
        end: int
        csv: bool
        output_bucket: str
        output: str
        is_trial: bool

    # The keys of all senders. Which are there says who sent it.
    Event = TypedDict(
        "Event",
        {
            "Records": list[Message],
            "eventSource": str,
            "eventSourceArn": str,
            "records": dict[str, list[KafkaMessage]],
            "id": str,
            "source": str,
            "detail-type": str,
            "detail": ObjectNotice,
            "external_function": str,
            "arguments": list[list[object]],
            "iris-model-part": PartEvent,
        },
        total=False,
    )

"""Answer events of queues, streams, topics, buckets, event buses and Redshift, as `[events]` in `iris-model.toml` says.

Shipped only with functions that have `[events]`, and imported at the first such event. `answer_event` reads the rows,
sends the answers to the destination, and returns what the sender expects.
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .interface import Event, Model


PART: "Final" = "iris-model-part"


def answer_event(model: "Model", event: "Event", sender: str) -> object:
    """Return the answer to an event that is not a request. `sender`: its name for messages.

    Raises InvalidInput if `[events]` has no entry for it, DeliveryError if an answer cannot be delivered.
    """
    if "external_function" in event:
        from .entries import find_entry
        from .redshift import answer_redshift

        find_entry("redshift", sender)
        return answer_redshift(model, event)
    if PART in event:
        from .parts import answer_part

        return answer_part(model, event[PART])
    if is_object_event(event):
        from .objects import answer_objects

        return answer_objects(model, event, sender)
    from .batches import answer_batch
    from .records import read_records

    records = read_records(event)
    if records is None:
        raise InvalidInput(
            f"this is an event of {sender}; expected an HTTP request, rows, or an event of [events]: read its rows in the "
            "handler and pass them to model.predict",
            expected="an HTTP request or rows",
        )
    return answer_batch(model, records, sender)


def is_object_event(event: "Event") -> bool:
    """Whether the event is about a new object: a notification of the bucket, or its event on EventBridge."""
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        return records[0].get("eventSource") == "aws:s3"
    return event.get("source") == "aws.s3" and "detail" in event

"""Answer the records of a batch: answers are sent to `answers`, refused records to `failures`.

A record that the model refuses would be refused again, so it is never retried if there is a destination for it.
"""

from iris_model.engine.errors import InvalidInput

from .destinations import DeliveryError, Item, send
from .entries import find_bus_entry, find_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .entries import Entry
    from .interface import Model
    from .records import Record, Records


def answer_batch(model: "Model", batch: "Records", sender: str) -> object:
    """Answer the records, deliver the answers, and return what the sender expects.

    Raises InvalidInput for a refused record that cannot be reported otherwise, DeliveryError if nothing was delivered.
    """
    entry = find_bus_entry(sender) if batch.source is None else find_entry(batch.source, sender)
    if batch.kind == "table":
        keep_features(model, batch.records)
    if batch.kind == "one":
        return _answer_one(model, entry, batch.records)
    in_order = batch.kind != "queue"
    answered, refused, failed = _answer_records(model, entry, batch.records, in_order)
    failed |= send(entry, entry.answers, answered, in_order)
    failed |= send(entry, entry.failures, refused, in_order)
    _add_followers(batch.records, failed)
    if not failed:
        return {"batchItemFailures": []}
    if batch.kind == "whole" or not entry.reports:
        raise DeliveryError(f"{len(failed)} of {len(batch.records)} records of {sender} failed, so all are redelivered")
    names = [record.identifier for record in batch.records if record.identifier in failed]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in (names[:1] if in_order else names)]}


def _add_followers(records: "list[Record]", failed: "set[str]") -> None:
    """Add the records of a group behind a failed one: a FIFO queue would deliver them before it."""
    stopped = set()
    for record in records:
        if record.group is not None and (record.identifier in failed or record.group in stopped):
            stopped.add(record.group)
            failed.add(record.identifier)


def keep_features(model: "Model", records: "list[Record]") -> None:
    """Keep only features of the model in items of a table, which have keys and other attributes."""
    features = {column["name"] for column in model.signature["columns"]}
    for record in records:
        if isinstance(record.payload, dict):
            record.payload = {name: value for name, value in record.payload.items() if name in features}


def describe_refusal(entry: "Entry", identifier: str, error: InvalidInput, record: object) -> "dict[str, object]":
    """Return the message for `failures`: why the model refused a record, and the record."""
    problem: dict[str, object] = {"type": f"urn:iris-model:problem:{error.problem}", "detail": str(error)}
    for name in ("row", "feature", "expected"):
        if (found := getattr(error, name)) is not None:
            problem[name] = found
    return {"id": identifier, "event": entry.name, "source": entry.source, "problem": problem, "record": record}


def _answer_records(
    model: "Model", entry: "Entry", records: "list[Record]", in_order: bool
) -> "tuple[list[Item], list[Item], set[str]]":
    """Return (answers, refused records, identifiers of records to redeliver)."""
    answered: list[Item] = []
    refused: list[Item] = []
    failed: set[str] = set()
    stopped: set[str | None] = set()
    for record in records:
        if record.group in stopped:
            failed.add(record.identifier)
            continue
        try:
            value = _answer(model, record)
        except InvalidInput as error:
            if entry.failures:
                refused.append(
                    Item(record.identifier, describe_refusal(entry, record.identifier, error, record.describe()))
                )
                continue
            _log(entry, describe_refusal(entry, record.identifier, error, None))
            failed.add(record.identifier)
            if in_order:
                break
            if record.group is not None:
                stopped.add(record.group)
            continue
        answered.append(Item(record.identifier, {"id": record.identifier, **value}))
    return answered, refused, failed


def _answer_one(model: "Model", entry: "Entry", records: "list[Record]") -> object:
    """Answer the record of an asynchronous invocation. Its answer is returned, for `on-success`."""
    answers: list[dict[str, object]] = []
    for record in records:
        try:
            value = _answer(model, record)
        except InvalidInput as error:
            if not entry.failures:
                raise
            refusal = describe_refusal(entry, record.identifier, error, record.describe())
            _deliver(entry, entry.failures, [Item(record.identifier, refusal)])
            answers.append({"refused": refusal["problem"]})
            continue
        answer = {"id": record.identifier, **value}
        _deliver(entry, entry.answers, [Item(record.identifier, answer)])
        answers.append(answer)
    return answers[0] if len(answers) == 1 else answers


def _answer(model: "Model", record: "Record") -> "dict[str, object]":
    value: dict[str, object] = model._reply(record.make_request(), False, False).value  # type: ignore[assignment]
    return value


def _deliver(entry: "Entry", destination: str, items: "list[Item]") -> None:
    if send(entry, destination, items, False):
        raise DeliveryError(f"{destination} did not accept the answer; Lambda will send the event again")


def _log(entry: "Entry", value: "dict[str, object]") -> None:
    from iris_model.runtime.answers import strict_text

    del value["record"]
    print(strict_text({"refused": value}))

"""The entries of `[events]`, from the environment variable that the deployment sets."""

import os

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder

VARIABLE = "IRIS_MODEL_EVENTS"


class Entry:
    """One table `[events.NAME]`: `source`, and the destinations `answers` and `failures` (ARNs, empty without one).

    `key` is the attribute of a table that gets the identifier. `reports`: failed records are named in the answer;
    otherwise a failed record fails the invocation. `answers` is "log" in the local service.
    """

    __slots__ = ("answers", "failures", "key", "name", "reports", "source")

    def __init__(self, name: str, values: "dict[str, object]") -> None:
        self.name = name
        self.source = str(values["source"])
        self.answers = str(values.get("answers", ""))
        self.failures = str(values.get("failures", ""))
        self.key = str(values.get("key", "id"))
        self.reports = bool(values.get("reports", True))


_known: "tuple[str, tuple[Entry, ...]]" = ("", ())


def _read() -> "tuple[Entry, ...]":
    global _known
    text = os.environ[VARIABLE]
    if _known[0] != text:
        _known = text, tuple(Entry(name, values) for name, values in make_decoder()(text).items())
    return _known[1]


def find_entry(source: str, sender: str) -> Entry:
    """Return the entry with this source. Raises InvalidInput if there is none."""
    for entry in _read():
        if entry.source == source:
            return entry
    raise InvalidInput(
        f"this is an event of {sender}, and its source {source} has no entry; add a table with this source to [events] in "
        "iris-model.toml",
        expected="a source of [events]",
    )


def find_bus_entry(sender: str) -> Entry:
    """Return the entry of the event bus: an event does not contain the bus that it came from."""
    for entry in _read():
        if entry.source.split(":")[2:3] == ["events"]:
            return entry
    return find_entry("an event bus", sender)

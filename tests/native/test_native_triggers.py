"""Events that are no requests: the native runtime answers and names them as the Python runtime does."""

from __future__ import annotations

import json
from pathlib import Path

from tests.native.comparing import opened
from tests.native.models import ordinary, write_function
from tests.native.reference import Reference
from tests.native.sandbox import start
from tests.support.trigger_events import PINGS, VARIANTS


def test_pings_and_events_of_other_triggers(executable: list[str], tmp_path: Path) -> None:
    directory = write_function(tmp_path / "function", ordinary()[1])
    reference = Reference(directory)
    events = [*PINGS.values(), *(event for _, event in VARIANTS), {"iris-model-part": {"bucket": "b", "key": "a.csv"}}]
    with start(executable, directory, tmp_path / "log") as sandbox:
        for event in events:
            text = json.dumps(event).encode()
            assert opened(sandbox.ask(text)) == opened(reference.ask(text)[0]), event

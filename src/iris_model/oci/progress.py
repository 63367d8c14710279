"""Progress of a transfer, for a caller that displays it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from iris_model.oci.digests import Digest


@dataclass(frozen=True)
class Progress:
    """The progress of one blob. `done` decreases if bytes must be sent again."""

    digest: Digest
    done: int
    total: int
    state: str
    """`waiting`, `moving`, `retrying`, or the result: `present`, `mounted`, `uploaded`, `downloaded`."""

    note: str = ""


Reporter = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Do nothing."""


def one_at_a_time(report: Reporter) -> Reporter:
    """Return a reporter for several threads, whose calls never overlap."""
    lock = threading.Lock()

    def locked(progress: Progress) -> None:
        with lock:
            report(progress)

    return locked

"""How far a transfer has come, told to whoever wants to draw it. Nothing here draws."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from iris_model.oci.digests import Digest


@dataclass(frozen=True)
class Progress:
    """One blob at one moment. `done` goes back when something must be sent again."""

    digest: Digest
    done: int
    total: int
    state: str
    """`waiting`, `moving`, `retrying`, or how it ended: `present`, `mounted`, `uploaded`, `downloaded`."""

    note: str = ""


Reporter = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Report to nobody."""


def one_at_a_time(report: Reporter) -> Reporter:
    """The same reporter for several threads: it is never called twice at once."""
    lock = threading.Lock()

    def locked(progress: Progress) -> None:
        with lock:
            report(progress)

    return locked

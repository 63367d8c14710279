"""Handle the signals of a cancelled CI job and of a closed terminal like Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_as_by_ctrl_c(*names: str) -> Iterator[None]:
    """Inside the `with` block, these signals raise `KeyboardInterrupt`, so that a change in progress can be rolled back."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

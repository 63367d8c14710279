"""Garbage collection of reference cycles: rarely in commands that end, as usual while serving, never at exit.

Importing a model's library creates some 240,000 objects (scikit-learn with pandas), which all stay. By default,
Python traverses them 300 times, and once more at exit, and finds no garbage. That took a quarter of the time of
`build`.
"""

from __future__ import annotations

import gc

# More objects than any library creates on import, but still a limit for commands that run for long.
SELDOM = 400_000

_AS_USUAL = gc.get_threshold()


def collect_seldom() -> None:
    """Use a high threshold, for a command that ends."""
    gc.set_threshold(SELDOM, *_AS_USUAL[1:])


def collect_as_usual() -> None:
    """Use the usual threshold, for a command that serves. Existing objects are frozen."""
    gc.freeze()
    gc.set_threshold(*_AS_USUAL)


def skip_last_collection() -> None:
    """Skip the collection at exit."""
    gc.freeze()

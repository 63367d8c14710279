"""When Python looks for garbage in cycles: seldom while a command works, as usual while it serves, not at its end.

Importing a model's library makes some 240,000 objects (scikit-learn with pandas), and all of them stay. Left alone, Python looks
through them 300 times on the way and once more at the exit, and finds nothing; that was a quarter of the time of `build`.
"""

from __future__ import annotations

import gc

# Beyond what any library makes at its import, and still a bound on the garbage of a command that works for long.
SELDOM = 400_000

_AS_USUAL = gc.get_threshold()


def collect_seldom() -> None:
    """For a command that ends."""
    gc.set_threshold(SELDOM, *_AS_USUAL[1:])


def collect_as_usual() -> None:
    """For what runs until it is stopped. What is there by then stays, and is not looked through again."""
    gc.freeze()
    gc.set_threshold(*_AS_USUAL)


def skip_last_collection() -> None:
    """Let the process end without looking for garbage in all that its exit frees anyway."""
    gc.freeze()

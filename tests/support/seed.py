"""The seed of a run that draws its own examples: a new one each time, or that of IRIS_MODEL_SEED, as in CI."""

from __future__ import annotations

import os
import random

VARIABLE = "IRIS_MODEL_SEED"


def choose_seed() -> int:
    """The seed for this run, below 2**30."""
    return int(os.environ.get(VARIABLE) or random.SystemRandom().randrange(1 << 30))

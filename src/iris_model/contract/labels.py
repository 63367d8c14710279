"""A class label as a key: in the probabilities of an answer, and in `[labels]` of `iris-model.toml`."""

from __future__ import annotations

import json
from typing import Any


def label_key(label: Any) -> str:
    """Return a string as it is, and another label as its JSON: `0`, `1.5`, `true`."""
    return label if isinstance(label, str) else json.dumps(label)

"""Names of files that several packages read or write. The runtime, which ships alone, has the suffix of its own."""

from __future__ import annotations

SETTINGS_FILE = "iris-model.toml"
SIGNATURE_SUFFIX = ".signature.json"
"""Of the description of a model that is not compiled, in place of the model's own suffix."""

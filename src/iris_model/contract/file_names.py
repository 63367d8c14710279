"""Names of files that several packages read or write. The runtime has its own copy of the suffix, because it is shipped
alone.
"""

from __future__ import annotations

SETTINGS_FILE = "iris-model.toml"
SIGNATURE_SUFFIX = ".signature.json"
"""The suffix of the model card of a model that is not compiled. It replaces the suffix of the model file."""

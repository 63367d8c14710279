"""Addresses of the documentation, for messages and templates: someone who installed a wheel has no `docs/`.

A test compares each address in the source with the pages of the site (mkdocs.yml). Templates contain theirs as text.
"""

from __future__ import annotations

DOCS_URL = "https://iris-model.readthedocs.io/en/stable/"

ANOTHER_ARCHITECTURE = f"{DOCS_URL}how-to/arm64/#the-native-runtime-for-arm64"
GITHUB_ACTIONS = f"{DOCS_URL}how-to/github-actions/"
PERMISSIONS = f"{DOCS_URL}reference/permissions/"
SETTINGS = f"{DOCS_URL}reference/iris-model-toml/"

"""Imports a module that does not exist."""

import no_such_flower  # noqa: F401

"""Imports a module that is nowhere."""

import no_such_flower  # noqa: F401

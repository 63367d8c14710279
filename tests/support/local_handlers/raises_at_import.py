"""Fails while it is imported."""

raise OSError("no such garden")

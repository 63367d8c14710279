"""Signature, source and golden rows of a model that is not compiled."""

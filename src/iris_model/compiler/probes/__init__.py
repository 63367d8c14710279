"""Rows for verification: which ones to generate, and where the original answers."""

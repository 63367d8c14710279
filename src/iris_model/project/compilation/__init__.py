"""Compile models in a confined process, and cache the result."""

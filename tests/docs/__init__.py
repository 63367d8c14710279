"""Tests of the documentation: its commands, examples and links work."""

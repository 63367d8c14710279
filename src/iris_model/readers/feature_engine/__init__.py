"""Converters for feature-engine. Its steps know the columns of a table by name, and change some of them."""

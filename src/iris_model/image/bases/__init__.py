"""The base image: its source and its content."""

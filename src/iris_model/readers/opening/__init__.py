"""Open model files: one opener for each format."""

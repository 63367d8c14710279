"""The bytes of layers: tar entries and deterministic gzip, written and read with size limits."""

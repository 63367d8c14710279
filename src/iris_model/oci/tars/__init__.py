"""The bytes of layers: tar entries and deterministic gzip, written and read within bounds."""

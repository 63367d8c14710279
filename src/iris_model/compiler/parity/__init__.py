"""The invariant: a compiled model answers as the original does. This folder evaluates, compares, judges and reports."""

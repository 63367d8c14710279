"""Operators on cells of named columns, for the steps of feature-engine."""

"""Logs, REPORT lines, memory sizes and prices: measurements of the deployed function."""

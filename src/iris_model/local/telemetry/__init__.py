"""Logs, REPORT lines, metrics, and the cost of the invocations on AWS."""

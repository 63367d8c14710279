"""Processes, memory, control groups and containers of this machine. This package does not depend on invocations."""

"""Processes, memory, control groups and containers of this machine. Independent of invocations."""

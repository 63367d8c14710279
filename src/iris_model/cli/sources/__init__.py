"""Resolve the arguments of commands: functions, events, deployments, images."""

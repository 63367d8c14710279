"""Execution environments, each with one invocation at a time through the Runtime API, and pools of them."""

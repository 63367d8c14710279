"""Execution environments, with one invocation at a time through the Runtime API, and pools of them."""
